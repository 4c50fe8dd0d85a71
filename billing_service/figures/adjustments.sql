-- The adjustments that count in a month: of some projects (and of one life of a project), or of the organization.
SELECT a.id, a.namespace, k.code AS sku, a.quantity, a.currency::text, a.amount::numeric, a.refers_period, a.refers_hour,
       a.workload, a.reason, a.created_at
FROM adjustments AS a LEFT JOIN skus AS k ON k.id = a.sku
WHERE a.organization = %(organization)s AND a.period = %(period)s
  AND (%(namespaces)s::text[] IS NULL OR a.namespace = ANY (%(namespaces)s::text[]))
  AND (%(life)s::smallint IS NULL OR a.life = %(life)s::smallint)
ORDER BY a.created_at, a.refers_hour, a.id
