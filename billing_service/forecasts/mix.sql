-- The quantity of each SKU of a project in the last days: in seven days and today, and in four weeks and today.
SELECT r.namespace, r.life, r.sku, sum(r.quantity)::float8 AS four_weeks,
       coalesce(sum(r.quantity) FILTER (WHERE r.day >= %(today)s::date - 7), 0)::float8 AS week
FROM rollup_daily AS r
WHERE r.organization = %(organization)s AND r.day >= %(today)s::date - 28 AND r.day <= %(today)s::date
  AND (%(namespaces)s::text[] IS NULL OR r.namespace = ANY (%(namespaces)s::text[]))
GROUP BY r.namespace, r.life, r.sku HAVING sum(r.quantity) > 0
