-- The mean of each complete day, as metered: cores, GiB and addresses. It stands for the requests where the platform does not
-- state them. The first day of the organization is not complete.
SELECT CASE WHEN k.code = 'cpu_core_hour' THEN 'cpu' WHEN k.code = 'memory_gib_hour' THEN 'memory'
            WHEN k.code = 'public_ip_hour' THEN 'public_ipv4' ELSE 'storage' END AS dimension,
       r.day, sum(r.quantity) / (
           extract(epoch FROM first_hour(r.day + 1, %(time_zone)s) - first_hour(r.day, %(time_zone)s)) / 3600
       ) AS used
FROM organization_daily AS r JOIN skus AS k ON k.id = r.sku
WHERE r.organization = %(organization)s
  AND r.day < (%(as_of)s::timestamptz AT TIME ZONE %(time_zone)s)::date
  AND r.day >= greatest((%(as_of)s::timestamptz AT TIME ZONE %(time_zone)s)::date - %(days)s::integer,
                        ((%(first_hour)s::timestamptz - interval '1 hour') AT TIME ZONE %(time_zone)s)::date + 1)
  AND (k.code IN ('cpu_core_hour', 'memory_gib_hour', 'public_ip_hour', 'storage_gib_hour')
       OR k.code LIKE 'storage\_gib\_hour.%%')
GROUP BY 1, r.day
ORDER BY 1, 2
