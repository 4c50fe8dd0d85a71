-- The usage of some lives of a project on a day by SKU, at constant prices: the difference to the mean of the seven days
-- before. `places`: one number for each project and day, which can have several lives.
SELECT d.place, r.sku,
       coalesce(sum(r.quantity::float8 * p.price) FILTER (WHERE r.day = d.day), 0)
       - coalesce(sum(r.quantity::float8 * p.price) FILTER (WHERE r.day < d.day), 0) / 7 AS amount
FROM unnest(%(places)s::integer[], %(namespaces)s::text[], %(lives)s::smallint[], %(days)s::date[])
    AS d (place, namespace, life, day)
JOIN rollup_daily AS r ON r.organization = %(organization)s AND r.namespace = d.namespace AND r.life = d.life
    AND r.day >= d.day - 7 AND r.day <= d.day
JOIN unnest(%(skus)s::smallint[], %(prices)s::float8[]) AS p (sku, price) ON p.sku = r.sku
GROUP BY d.place, r.sku
ORDER BY d.place, r.sku
