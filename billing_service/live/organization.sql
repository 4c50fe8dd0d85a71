-- include figures/month.sql
-- The exact cost of the running month and of the last hour of an organization: all projects, also those that it had earlier
-- in the month. An unknown organization has no row.
SELECT o.*, m.total, m.unrated, d.last_hour, extract(epoch FROM o.moment - date_trunc('hour', o.moment)) AS seconds
FROM organization AS o
CROSS JOIN LATERAL (
    SELECT coalesce(sum(r.amount) FILTER (WHERE r.currency = o.currency), 0) AS total, coalesce(sum(r.unrated), 0) AS unrated
    FROM rollup_monthly AS r WHERE r.organization = %(organization)s::text AND r.period = o.period
) AS m
CROSS JOIN LATERAL (
    SELECT coalesce(sum(s.last_hour), 0) AS last_hour
    FROM project_state AS s WHERE s.organization = %(organization)s::text AND s.currency = o.currency
) AS d
