-- The lines of a project between two moments, by SKU, workload and unit price. A line that is in several steps of its price
-- is in a row for each of them, so quantity times unit price is the amount of every row. Every unit price has at most 12
-- decimals, so it follows from the amount of a line.
WITH lines AS (
    SELECT l.sku, l.price, l.workload, l.source, count(*) AS hours, sum(l.quantity) AS quantity, sum(l.amount) AS amount,
           l.month_before, CASE WHEN p.rating <> 'unit' THEN l.hour END AS hour, p.rating, p.unit_price::numeric
    FROM usage_lines AS l JOIN skus AS k ON k.id = l.sku LEFT JOIN prices AS p ON p.id = l.price
    WHERE l.organization = %(organization)s AND l.namespace = %(namespace)s AND l.life = %(life)s
      AND l.hour >= %(since)s::timestamptz AND l.hour < %(until)s::timestamptz AND l.currency = %(currency)s
      AND (%(component)s::text IS NULL OR k.component = %(component)s::text)
      AND (%(skus)s::smallint[] IS NULL OR l.sku = ANY (%(skus)s::smallint[]))
      AND (%(workloads)s::text[] IS NULL OR l.workload = ANY (%(workloads)s::text[])
           OR concat(l.namespace, '/', l.workload) = ANY (%(workloads)s::text[]))
      AND l.workload <> ALL (%(without_workloads)s::text[])
      AND concat(l.namespace, '/', l.workload) <> ALL (%(without_workloads)s::text[])
    GROUP BY l.sku, p.id, l.price, l.workload, l.source, l.month_before, 9
),
parts AS (
    SELECT sku, price, workload, source, hours, quantity, unit_price, amount
    FROM lines WHERE coalesce(rating, 'unit') = 'unit'
    UNION ALL
    SELECT sku, price, workload, source, hours, quantity,
           CASE WHEN quantity = 0 THEN unit_price ELSE trim_scale(round(amount * 1e12 / quantity) * 1e-12) END, amount
    FROM lines WHERE rating = 'month' OR rating = 'steps' AND month_before IS NULL
    UNION ALL
    SELECT l.sku, l.price, l.workload, l.source, l.hours, c.quantity, g.unit_price, c.quantity * g.unit_price
    FROM lines AS l
    JOIN price_ranges AS g ON g.price = l.price AND g.since < l.month_before + l.quantity
        AND (g.until IS NULL OR g.until > l.month_before)
    CROSS JOIN LATERAL (
        SELECT least(l.month_before + l.quantity, g.until) - greatest(l.month_before, g.since) AS quantity
    ) AS c
    WHERE l.rating = 'steps' AND l.month_before IS NOT NULL
)
SELECT k.code AS sku, k.component, k.unit, l.workload, l.source, sum(l.hours)::integer AS hours, sum(l.quantity) AS quantity,
       l.unit_price, p.id AS price, p.price_list, lower(p.validity) AS valid_from, upper(p.validity) AS valid_until,
       sum(l.amount) AS amount
FROM parts AS l JOIN skus AS k ON k.id = l.sku LEFT JOIN prices AS p ON p.id = l.price
GROUP BY k.id, p.id, l.workload, l.source, l.unit_price
ORDER BY sum(l.amount) DESC NULLS LAST, k.id, l.workload, l.source, lower(p.validity) NULLS FIRST, l.unit_price
