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
    FROM rollup_daily WHERE lines <> 0 OR amount <> 0
    UNION ALL
    SELECT 'rollup_monthly', organization, namespace, life, period, sku, currency, quantity, amount, lines, unrated
    FROM rollup_monthly WHERE lines <> 0 OR amount <> 0
    UNION ALL
    SELECT 'organization_daily', organization, NULL, NULL, day, sku, currency, quantity, amount, lines, unrated
    FROM organization_daily WHERE lines <> 0 OR amount <> 0
    UNION ALL
    SELECT 'organization_monthly', organization, NULL, NULL, period, sku, currency, quantity, amount, lines, unrated
    FROM organization_monthly WHERE lines <> 0 OR amount <> 0
),
days AS (
    SELECT l.organization, l.namespace, l.life, l.currency, coalesce(sum(l.amount), 0) AS last_day,
           coalesce(sum(l.amount) FILTER (WHERE l.hour = s.as_of - interval '1 hour'), 0) AS last_hour
    FROM organization_state AS s JOIN usage_lines AS l ON l.organization = s.organization
        AND l.hour >= s.as_of - interval '24 hours' AND l.hour < s.as_of
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
       format('lines: %%s and %%s, kept: %%s and %%s', d.last_day, d.last_hour, p.last_day, p.last_hour)
FROM days AS d
FULL JOIN project_state AS p ON p.organization = d.organization AND p.namespace = d.namespace AND p.life = d.life
    AND p.currency = d.currency
WHERE (coalesce(d.last_day, 0), coalesce(d.last_hour, 0)) -- a project that moved has a row of zeros
    IS DISTINCT FROM (coalesce(p.last_day, 0), coalesce(p.last_hour, 0))
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
ORDER BY 1, 2, 3, 4, 5
