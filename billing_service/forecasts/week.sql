-- Usage of projects at constant prices: on a day, and on average of the seven days before it. own_names, own_lives: of these
-- lives, null: of all.
SELECT r.namespace, sum(r.quantity::float8 * p.price) FILTER (WHERE r.day = %(day)s::date) AS value,
       coalesce(sum(r.quantity::float8 * p.price) FILTER (WHERE r.day < %(day)s::date), 0) / 7 AS before
FROM rollup_daily AS r JOIN unnest(%(skus)s::smallint[], %(prices)s::float8[]) AS p (sku, price) ON p.sku = r.sku
WHERE r.organization = %(organization)s AND r.day >= %(day)s::date - 7 AND r.day <= %(day)s::date
  AND (%(own_names)s::text[] IS NULL
       OR (r.namespace, r.life) IN (SELECT * FROM unnest(%(own_names)s::text[], %(own_lives)s::smallint[])))
GROUP BY r.namespace
