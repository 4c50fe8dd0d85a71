-- What each project of an organization had in its newest hour: cores, GiB, addresses and pods. A project without a line in
-- the newest hour of the organization has its own newest hour of the last day, except where a source covered the hour
-- completely: then it has nothing. NULL: never metered.
WITH asked AS (
    SELECT s.as_of, EXISTS (
        SELECT FROM hours AS h WHERE h.hour = s.as_of - interval '1 hour' AND h.samples_seen >= h.samples_expected
    ) AS covered
    FROM organization_state AS s WHERE s.organization = %(organization)s
),
owned AS (
    SELECT w.namespace, w.life FROM ownership AS w
    WHERE w.organization = %(organization)s AND w.validity @> coalesce(%(now)s::timestamptz, now())
      AND (%(namespaces)s::text[] IS NULL OR w.namespace = ANY (%(namespaces)s::text[]))
),
lines AS (
    SELECT l.namespace, l.life, l.hour, l.sku, l.quantity, max(l.hour) OVER (PARTITION BY l.namespace, l.life) AS newest
    FROM asked AS a
    JOIN usage_lines AS l ON l.organization = %(organization)s
        AND l.hour >= a.as_of - CASE WHEN a.covered THEN interval '1 hour' ELSE interval '1 day' END AND l.hour < a.as_of
),
dimensions AS (
    SELECT k.id AS sku, CASE
        WHEN k.code = 'cpu_core_hour' THEN 'cpu' WHEN k.code = 'memory_gib_hour' THEN 'memory'
        WHEN k.code = 'public_ip_hour' THEN 'public_ipv4' ELSE 'storage' END AS dimension
    FROM skus AS k
    WHERE k.code IN ('cpu_core_hour', 'memory_gib_hour', 'public_ip_hour', 'storage_gib_hour')
       OR k.code LIKE 'storage\_gib\_hour.%%'
)
SELECT o.namespace, d.dimension, CASE WHEN a.as_of IS NOT NULL THEN coalesce(sum(l.quantity), 0) END AS quantity
FROM owned AS o CROSS JOIN dimensions AS d LEFT JOIN asked AS a ON true
LEFT JOIN lines AS l ON l.namespace = o.namespace AND l.life = o.life AND l.hour = l.newest AND l.sku = d.sku
GROUP BY o.namespace, d.dimension, a.as_of
UNION ALL
SELECT o.namespace, 'pods', i.running_pods + i.running_vms
FROM owned AS o LEFT JOIN instances AS i ON i.organization = %(organization)s AND i.namespace = o.namespace
ORDER BY 1, 2
