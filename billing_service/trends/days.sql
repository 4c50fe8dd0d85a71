-- The first moment of local days: the first hour with this date. A new time zone begins with a month, so the middle of a
-- month has its zone (period_start). Midnight can be twice in the night in which the clocks go back.
WITH zones AS MATERIALIZED (
    SELECT validity, time_zone FROM organization_terms WHERE organization = %(organization)s
)
SELECT array_agg(
           CASE WHEN ((d.starts - interval '1 hour') AT TIME ZONE d.zone)::date = d.day THEN d.starts - interval '1 hour'
                ELSE d.starts END
           ORDER BY d.day
       ) AS starts
FROM (
    SELECT g.day, coalesce(z.time_zone, 'UTC') AS zone, g.day::timestamp AT TIME ZONE coalesce(z.time_zone, 'UTC') AS starts
    FROM unnest(%(days)s::date[]) AS g (day)
    LEFT JOIN zones AS z ON z.validity @> (date_trunc('month', g.day)::date + 15)::timestamp AT TIME ZONE 'UTC'
) AS d
