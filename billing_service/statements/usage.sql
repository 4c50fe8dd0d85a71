-- The usage of an organization's month by project and SKU.
SELECT r.namespace, r.life, k.code AS sku, k.component, k.unit, r.currency, coalesce(m.digits, 2) AS digits,
       r.quantity, r.amount, r.unrated, (
           SELECT max(w.uid) FROM ownership AS w
           WHERE w.organization = r.organization AND w.namespace = r.namespace AND w.life = r.life
       ) AS uid
FROM rollup_monthly AS r JOIN skus AS k ON k.id = r.sku
LEFT JOIN minor_units AS m ON m.currency = r.currency
WHERE r.organization = %(organization)s AND r.period = %(period)s AND r.lines > 0
  AND (%(namespaces)s::text[] IS NULL OR r.namespace = ANY (%(namespaces)s::text[]))
ORDER BY r.currency, r.namespace, r.life, r.sku
