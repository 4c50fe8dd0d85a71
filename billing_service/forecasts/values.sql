-- Daily usage of projects at constant prices: one row for each life, with the days as numbers since the first one.
SELECT v.namespace, v.life, array_agg(v.day ORDER BY v.day) AS days, array_agg(v.value ORDER BY v.day) AS values
FROM (
    SELECT r.namespace, r.life, r.day - %(since)s::date AS day, sum(r.quantity::float8 * p.price) AS value
    FROM rollup_daily AS r
    JOIN unnest(%(skus)s::smallint[], %(prices)s::float8[]) AS p (sku, price) ON p.sku = r.sku
    WHERE r.organization = %(organization)s AND r.day >= %(since)s::date AND r.day <= %(today)s::date
      AND (%(namespaces)s::text[] IS NULL OR r.namespace = ANY (%(namespaces)s::text[]))
    GROUP BY r.namespace, r.life, r.day
) AS v GROUP BY v.namespace, v.life
