-- The first hour of a local day. In the night in which the clocks go back over midnight (America/Havana), midnight is twice,
-- and AT TIME ZONE takes the second one. A day without midnight begins with its first hour.
CREATE FUNCTION first_hour(day date, zone text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN ((day::timestamp AT TIME ZONE zone - interval '1 hour') AT TIME ZONE zone)::date = day
                THEN day::timestamp AT TIME ZONE zone - interval '1 hour' ELSE day::timestamp AT TIME ZONE zone END
$$;

-- As before (0003), and a month begins with the first hour of its first day.
CREATE OR REPLACE FUNCTION period_start(whose text, period date) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT first_hour(period, coalesce(
        (SELECT time_zone FROM organization_terms
         WHERE organization = whose AND validity @> (period + 15)::timestamp AT TIME ZONE 'UTC'), 'UTC'))
$$;
