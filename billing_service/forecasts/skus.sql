-- What an organization used of each SKU: since a day, in the last seven complete days, and in the running month.
SELECT d.sku, k.code, sum(d.quantity)::float8 AS quantity,
       coalesce(sum(d.quantity) FILTER (WHERE d.day >= %(today)s::date - 7 AND d.day < %(today)s::date), 0)::float8 AS week,
       coalesce((SELECT sum(m.quantity) FROM organization_monthly AS m
                 WHERE m.organization = %(organization)s AND m.period = %(period)s AND m.sku = d.sku), 0)::float8 AS month
FROM organization_daily AS d JOIN skus AS k ON k.id = d.sku
WHERE d.organization = %(organization)s AND d.day >= %(since)s::date
GROUP BY d.sku, k.code HAVING sum(d.quantity) > 0 ORDER BY d.sku
