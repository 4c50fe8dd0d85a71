-- The lines of a project between two moments, by SKU, workload and price.
SELECT k.code AS sku, k.component, k.unit, l.workload, l.source, count(*) AS hours, sum(l.quantity) AS quantity,
       p.unit_price::numeric, p.id AS price, p.price_list, lower(p.validity) AS valid_from, upper(p.validity) AS valid_until,
       sum(l.amount) AS amount
FROM usage_lines AS l JOIN skus AS k ON k.id = l.sku LEFT JOIN prices AS p ON p.id = l.price
WHERE l.organization = %(organization)s AND l.namespace = %(namespace)s AND l.life = %(life)s
  AND l.hour >= %(since)s::timestamptz AND l.hour < %(until)s::timestamptz AND l.currency = %(currency)s
  AND (%(component)s::text IS NULL OR k.component = %(component)s::text)
GROUP BY k.id, p.id, l.workload, l.source
ORDER BY sum(l.amount) DESC NULLS LAST, k.id, l.workload, l.source, lower(p.validity) NULLS FIRST
