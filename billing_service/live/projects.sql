-- include figures/month.sql
-- The exact cost of the running month and of the last hour of those of these projects that the organization owns now, as in
-- figures/overview.sql. A row of each; an organization that owns none of them has one row without a namespace. An unknown
-- organization has no row.
, ours AS (
    SELECT w.namespace::text, w.life,
           (SELECT CASE WHEN NOT bool_or(lower_inf(l.validity)) THEN min(lower(l.validity)) END FROM ownership AS l
            WHERE l.namespace = w.namespace AND l.organization = w.organization AND l.life = w.life) AS since,
           (SELECT CASE WHEN NOT bool_or(upper_inf(l.validity)) THEN max(upper(l.validity)) END FROM ownership AS l
            WHERE l.namespace = w.namespace AND l.organization = w.organization AND l.life = w.life) AS until,
           (SELECT count(*) > 1 FROM ownership AS l
            WHERE l.namespace = w.namespace AND l.organization = w.organization AND l.life = w.life) AS returned
    FROM ownership AS w, organization AS o
    WHERE w.organization = o.organization AND w.namespace = ANY (%(namespaces)s::text[]) AND w.validity @> o.moment
)
SELECT o.*, p.namespace, p.life, sums.total, sums.has_usage, coalesce(d.last_hour, 0) AS last_hour,
       sums.unrated + coalesce(d.unrated, 0) AS unrated,
       extract(epoch FROM o.moment - date_trunc('hour', o.moment)) AS seconds,
       bit_count(u.missing) AS incomplete_hours, nullif(position(B'1' IN u.missing), 0) - 1 AS first_missing
FROM organization AS o
LEFT JOIN ours AS p ON true
LEFT JOIN LATERAL (
    SELECT coalesce(sum(r.amount) FILTER (WHERE r.currency = o.currency), 0) AS total,
           coalesce(sum(r.unrated), 0) AS unrated, count(*) > 0 AS has_usage
    FROM rollup_monthly AS r
    WHERE r.organization = o.organization AND r.period = o.period AND r.namespace = p.namespace AND r.life = p.life
) AS sums ON true
LEFT JOIN project_state AS d ON d.organization = o.organization AND d.namespace = p.namespace AND d.life = p.life
    AND d.currency = o.currency
LEFT JOIN project_months AS h
    ON h.organization = o.organization AND h.period = o.period AND h.namespace = p.namespace AND h.life = p.life
LEFT JOIN LATERAL project_gaps(
    o.period, o.starts, o.ends, o.as_of, p.since, p.until, h.hours,
    EXISTS (SELECT FROM project_months AS b WHERE b.organization = o.organization AND b.namespace = p.namespace
            AND b.life = p.life AND b.period = (o.period - interval '1 month')::date)
) AS g ON p.namespace IS NOT NULL
CROSS JOIN LATERAL (
    SELECT CASE WHEN p.returned THEN g.missing & ~unowned_bits(o.organization, p.namespace, p.life, o.period)
                ELSE g.missing END AS missing
) AS u
ORDER BY p.namespace
