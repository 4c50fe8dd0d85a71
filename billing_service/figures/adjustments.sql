-- The adjustments that count in a month: of some lives of projects (own_names, own_lives), or of the organization. A line of
-- an hour with a subscription is not invoiced, as in statements/invoiced.sql. Subscriptions of closed months do not change.
-- At most %(most)s rows, the largest ones. The others are summed by currency, sign and `invoiced`: rows without an id.
WITH found AS (
    SELECT a.id, a.namespace, k.code AS sku, a.quantity, a.currency::text AS currency, a.amount::numeric AS amount,
           a.refers_period, a.refers_hour, a.workload, a.reason, a.created_at, NOT EXISTS (
               SELECT FROM subscriptions AS s WHERE s.organization = a.organization AND s.validity @> a.refers_hour
           ) AS invoiced,
           row_number() OVER (ORDER BY abs(a.amount) DESC, a.created_at, a.refers_hour, a.id) AS place
    FROM adjustments AS a LEFT JOIN skus AS k ON k.id = a.sku
    WHERE a.organization = %(organization)s AND a.period = %(period)s
      AND (%(own_names)s::text[] IS NULL OR (a.namespace, a.life) IN
           (SELECT * FROM unnest(%(own_names)s::text[], %(own_lives)s::smallint[])))
)
SELECT id, namespace, sku, quantity, currency, amount, refers_period, refers_hour, workload, reason, created_at, invoiced,
       1 AS rows
FROM found WHERE place <= %(most)s
UNION ALL
SELECT NULL, NULL, NULL, NULL, currency, sum(amount), NULL, NULL, NULL, NULL, NULL, invoiced, count(*)
FROM found WHERE place > %(most)s
GROUP BY currency, amount < 0, invoiced
ORDER BY created_at, refers_hour, id, currency, amount DESC, invoiced
