-- The prices of the SKUs that an organization used since a day, with their steps, from a moment on; and what the running
-- month has of each SKU. The organization's own list comes before the general one.
SELECT p.id, p.sku, k.code, p.price_list, p.rating, p.unit_price::float8 AS unit_price,
       lower(p.validity) AS since, upper(p.validity) AS until,
       coalesce((SELECT array_agg(s.from_quantity::float8 ORDER BY s.from_quantity) FROM price_steps AS s WHERE s.price = p.id),
                '{}') AS froms,
       coalesce((SELECT array_agg(s.unit_price::float8 ORDER BY s.from_quantity) FROM price_steps AS s WHERE s.price = p.id),
                '{}') AS steps
FROM prices AS p JOIN skus AS k ON k.id = p.sku
WHERE p.price_list IN ('', %(organization)s::text) AND p.currency = %(currency)s
  AND (upper_inf(p.validity) OR upper(p.validity) > %(moment)s::timestamptz)
ORDER BY p.sku, p.price_list DESC, p.validity
