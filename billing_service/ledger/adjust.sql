-- Writes the lines of closed months, in `adjusted`, as adjustments of the running month.
INSERT INTO adjustments (organization, id, period, namespace, life, sku, quantity, currency, amount, refers_period,
                         refers_hour, workload, source, price, reason, created_at)
SELECT a.organization, 'line-' || gen_random_uuid(),
       date_trunc('month', %(now)s::timestamptz AT TIME ZONE t.time_zone)::date,
       a.namespace, a.life, a.sku, a.quantity, a.currency, a.amount, a.refers_period,
       a.hour, a.workload, a.source, a.price, a.reason, %(now)s::timestamptz
FROM adjusted AS a
JOIN organization_terms AS t ON t.organization = a.organization AND t.validity @> %(now)s::timestamptz;
