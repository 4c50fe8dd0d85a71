-- The hours of each month that are missing for all projects of an organization, as in project_gaps.
SELECT m.period::date AS period, g.missing::text AS missing
FROM generate_series(%(since)s::date, %(period)s::date, interval '1 month') AS m (period)
CROSS JOIN LATERAL (
    SELECT bit_or(p.hours) AS hours FROM project_months AS p
    WHERE p.organization = %(organization)s AND p.period = m.period::date
) AS h
CROSS JOIN LATERAL project_gaps(
    m.period::date, period_start(%(organization)s, m.period::date),
    period_start(%(organization)s, (m.period + interval '1 month')::date), %(as_of)s::timestamptz, NULL, NULL, h.hours,
    EXISTS (SELECT FROM project_months AS b
            WHERE b.organization = %(organization)s AND b.period = (m.period - interval '1 month')::date)
) AS g
WHERE bit_count(g.missing) > 0
