-- The first line without a price of each project, between two moments.
SELECT DISTINCT ON (l.namespace) l.namespace, k.code AS sku, l.currency,
       to_char(current_period(l.organization, l.hour), 'YYYY-MM') AS month
FROM usage_lines AS l
JOIN unnest(%(namespaces)s::text[], %(lives)s::smallint[]) AS p (namespace, life)
    ON p.namespace = l.namespace AND p.life = l.life
JOIN skus AS k ON k.id = l.sku
WHERE l.organization = %(organization)s AND l.amount IS NULL
  AND l.hour >= %(since)s::timestamptz AND l.hour < %(until)s::timestamptz
ORDER BY l.namespace, l.hour, l.sku
