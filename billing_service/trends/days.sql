-- The first moment of local days: the first hour with this date. A new time zone begins with a month, so the middle of a
-- month has its zone (period_start).
WITH zones AS MATERIALIZED (
    SELECT validity, time_zone FROM organization_terms WHERE organization = %(organization)s
)
SELECT array_agg(first_hour(g.day, coalesce(z.time_zone, 'UTC')) ORDER BY g.day) AS starts
FROM unnest(%(days)s::date[]) AS g (day)
LEFT JOIN zones AS z ON z.validity @> (date_trunc('month', g.day)::date + 15)::timestamp AT TIME ZONE 'UTC'
