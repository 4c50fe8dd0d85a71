-- The adjustments that count in a month: of some lives of projects (own_names, own_lives), or of the organization. A line of
-- an hour with a subscription is not invoiced, as in statements/invoiced.sql. Subscriptions of closed months do not change.
SELECT a.id, a.namespace, k.code AS sku, a.quantity, a.currency::text, a.amount::numeric, a.refers_period, a.refers_hour,
       a.workload, a.reason, a.created_at, NOT EXISTS (
           SELECT FROM subscriptions AS s WHERE s.organization = a.organization AND s.validity @> a.refers_hour
       ) AS invoiced
FROM adjustments AS a LEFT JOIN skus AS k ON k.id = a.sku
WHERE a.organization = %(organization)s AND a.period = %(period)s
  AND (%(own_names)s::text[] IS NULL OR (a.namespace, a.life) IN
       (SELECT * FROM unnest(%(own_names)s::text[], %(own_lives)s::smallint[])))
ORDER BY a.created_at, a.refers_hour, a.id
