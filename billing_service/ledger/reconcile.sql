-- Compares every kept sum, and the usage of each closed statement, with the lines it was made of. A row for each that differs.
WITH lines AS MATERIALIZED (
    SELECT l.organization, l.namespace, l.life, l.sku, l.currency,
           (l.hour AT TIME ZONE t.time_zone)::date AS day,
           sum(l.quantity) AS quantity, coalesce(sum(l.amount), 0) AS amount, count(*) AS lines,
           count(*) FILTER (WHERE l.amount IS NULL) AS unrated
    FROM usage_lines AS l
    JOIN organization_terms AS t ON t.organization = l.organization AND t.validity @> l.hour::timestamptz
    GROUP BY 1, 2, 3, 4, 5, 6
),
expected AS (
    SELECT 'rollup_daily' AS sum_of, organization, namespace, life, day, sku, currency, quantity, amount, lines, unrated
    FROM lines
    UNION ALL
    SELECT 'rollup_monthly', organization, namespace, life, date_trunc('month', day)::date, sku, currency,
           sum(quantity), sum(amount), sum(lines), sum(unrated)
    FROM lines GROUP BY 2, 3, 4, 5, 6, 7
    UNION ALL
    SELECT 'organization_daily', organization, NULL, NULL, day, sku, currency,
           sum(quantity), sum(amount), sum(lines), sum(unrated)
    FROM lines GROUP BY 2, 5, 6, 7
    UNION ALL
    SELECT 'organization_monthly', organization, NULL, NULL, date_trunc('month', day)::date, sku, currency,
           sum(quantity), sum(amount), sum(lines), sum(unrated)
    FROM lines GROUP BY 2, 5, 6, 7
),
kept AS (
    SELECT 'rollup_daily' AS sum_of, organization, namespace, life, day, sku, currency, quantity, amount, lines, unrated
    FROM rollup_daily WHERE (quantity, amount, lines, unrated) <> (0, 0, 0, 0)
    UNION ALL
    SELECT 'rollup_monthly', organization, namespace, life, period, sku, currency, quantity, amount, lines, unrated
    FROM rollup_monthly WHERE (quantity, amount, lines, unrated) <> (0, 0, 0, 0)
    UNION ALL
    SELECT 'organization_daily', organization, NULL, NULL, day, sku, currency, quantity, amount, lines, unrated
    FROM organization_daily WHERE (quantity, amount, lines, unrated) <> (0, 0, 0, 0)
    UNION ALL
    SELECT 'organization_monthly', organization, NULL, NULL, period, sku, currency, quantity, amount, lines, unrated
    FROM organization_monthly WHERE (quantity, amount, lines, unrated) <> (0, 0, 0, 0)
),
days AS (
    SELECT l.organization, l.namespace, l.life, l.currency, coalesce(sum(l.amount), 0) AS last_day,
           coalesce(sum(l.amount) FILTER (WHERE l.hour = s.as_of - interval '1 hour'), 0) AS last_hour,
           coalesce(sum(l.amount) FILTER (WHERE l.hour = s.as_of - interval '1 hour'
                                            AND k.component IN ('cpu', 'memory')), 0) AS last_compute,
           count(*) FILTER (WHERE l.amount IS NULL) AS unrated
    FROM organization_state AS s JOIN usage_lines AS l ON l.organization = s.organization
        AND l.hour >= s.as_of - interval '24 hours' AND l.hour < s.as_of
    JOIN skus AS k ON k.id = l.sku
    GROUP BY 1, 2, 3, 4
)
SELECT d.sum_of, d.organization, d.namespace, d.day::text, k.code AS sku,
       string_agg(format('%%s: %%s for %%s', d.side, d.quantity, d.amount), ', ' ORDER BY d.side) AS difference
FROM (
    (SELECT 'lines' AS side, * FROM (SELECT * FROM expected EXCEPT SELECT * FROM kept) AS missing)
    UNION ALL
    (SELECT 'kept', * FROM (SELECT * FROM kept EXCEPT SELECT * FROM expected) AS surplus)
) AS d JOIN skus AS k ON k.id = d.sku
GROUP BY d.sum_of, d.organization, d.namespace, d.life, d.day, k.code, d.currency
UNION ALL
SELECT 'project_state', coalesce(d.organization, p.organization), coalesce(d.namespace, p.namespace), NULL, NULL,
       format('lines: %%s, %%s, %%s and %%s unrated, kept: %%s, %%s, %%s and %%s unrated', d.last_day, d.last_hour,
              d.last_compute, d.unrated, p.last_day, p.last_hour, p.last_compute, p.unrated)
FROM days AS d
FULL JOIN project_state AS p ON p.organization = d.organization AND p.namespace = d.namespace AND p.life = d.life
    AND p.currency = d.currency
WHERE (coalesce(d.last_day, 0), coalesce(d.last_hour, 0), coalesce(d.last_compute, 0), coalesce(d.unrated, 0))
    IS DISTINCT FROM -- a project that moved has a row of zeros
      (coalesce(p.last_day, 0), coalesce(p.last_hour, 0), coalesce(p.last_compute, 0), coalesce(p.unrated, 0))
UNION ALL
SELECT 'organization_state', s.organization, NULL, NULL, NULL,
       format('lines: until %%s, kept: %%s', l.newest + interval '1 hour', s.as_of)
FROM organization_state AS s
JOIN (SELECT organization, max(hour::timestamptz) AS newest FROM usage_lines GROUP BY organization) AS l
    ON l.organization = s.organization AND l.newest >= s.as_of
UNION ALL
SELECT 'statement', c.organization, NULL, c.period::text, NULL,
       format('lines: %%s, kept: %%s', coalesce(sum(e.amount), 0), c.usage_total)
FROM (
    SELECT organization, period::date, statement::jsonb ->> 'currency' AS currency,
           (statement::jsonb ->> 'usage_total')::numeric AS usage_total
    FROM periods
) AS c
LEFT JOIN minor_units AS m ON m.currency = c.currency
LEFT JOIN expected AS e ON e.sum_of = 'organization_monthly' AND e.organization = c.organization AND e.day = c.period
    AND e.currency = c.currency
GROUP BY c.organization, c.period, c.usage_total, m.digits
HAVING round(coalesce(sum(e.amount), 0), coalesce(m.digits, 2)) <> c.usage_total
UNION ALL
-- A statement of an earlier version has no adjustments_total.
SELECT 'statement adjustments', c.organization, NULL, c.period::text, NULL,
       format('adjustments: %%s, kept: %%s', coalesce(sum(a.amount), 0), c.total)
FROM (
    SELECT organization, period::date, statement::jsonb ->> 'currency' AS currency,
           coalesce(statement::jsonb ->> 'adjustments_total', statement::jsonb #>> '{invoiced,adjustments}')::numeric AS total
    FROM periods
) AS c
LEFT JOIN minor_units AS m ON m.currency = c.currency
LEFT JOIN adjustments AS a ON a.organization = c.organization AND a.period = c.period AND a.currency = c.currency
GROUP BY c.organization, c.period, c.total, m.digits
HAVING round(coalesce(sum(a.amount), 0), coalesce(m.digits, 2)) <> c.total
UNION ALL
SELECT 'statement invoiced', c.organization, NULL, c.period::text, NULL,
       format('parts: %%s, kept: %%s', c.fees + c.usage + c.adjustments, c.total)
FROM (
    SELECT organization, period::date, (statement::jsonb #>> '{invoiced,fees}')::numeric AS fees,
           (statement::jsonb #>> '{invoiced,usage}')::numeric AS usage,
           (statement::jsonb #>> '{invoiced,adjustments}')::numeric AS adjustments,
           (statement::jsonb #>> '{invoiced,total}')::numeric AS total
    FROM periods
) AS c
WHERE c.fees + c.usage + c.adjustments <> c.total
UNION ALL
SELECT 'statement projects', c.organization, NULL, c.period::date::text, NULL,
       format('lines: %%s, kept: %%s', sum(l.amount), c.statement::jsonb ->> 'usage_total')
FROM periods AS c
CROSS JOIN LATERAL (
    SELECT (c.statement::jsonb ->> 'rounding')::numeric AS amount
    UNION ALL
    SELECT (line ->> 'amount')::numeric
    FROM jsonb_array_elements(c.statement::jsonb -> 'projects') AS project,
         jsonb_array_elements(project -> 'lines') AS line
) AS l
GROUP BY c.organization, c.period, c.statement
HAVING sum(l.amount) <> (c.statement::jsonb ->> 'usage_total')::numeric
ORDER BY 1, 2, 3, 4, 5
