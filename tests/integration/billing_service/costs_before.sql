-- The costs of an organization at the moment %(now)s (now() when null): a row for each of its projects, or only for
-- %(namespace)s, or the first %(most)s (all when null) after the name %(after)s. An unknown organization has no row;
-- without a matching project there is one with a null namespace.
WITH organization AS (
    SELECT o.name, o.currency, coalesce(m.digits, 2) AS digits,
           date_trunc('hour', coalesce(%(now)s::timestamptz, now()), 'UTC') AS as_of
    FROM organizations AS o LEFT JOIN minor_units AS m USING (currency)
    WHERE o.name = %(organization)s::text
),
windows AS (
    SELECT w.span, w.starts, w.ends
    FROM organization AS o, LATERAL (VALUES
        ('month', date_trunc('month', o.as_of, 'UTC'), o.as_of),
        ('day', o.as_of - interval '24 hours', o.as_of),
        ('hour', o.as_of - interval '1 hour', o.as_of)
    ) AS w (span, starts, ends)
),
price_periods AS (
    SELECT p.resource, p.unit_price::numeric, p.valid_from,
           lead(p.valid_from, 1, 'infinity') OVER (PARTITION BY p.resource ORDER BY p.valid_from) AS valid_until
    FROM prices AS p JOIN organization AS o USING (currency)
    UNION ALL -- the time before the first price
    SELECT r.resource, NULL, '-infinity', coalesce(min(p.valid_from), 'infinity')
    FROM unnest(enum_range(NULL::resource)) AS r (resource)
    LEFT JOIN (prices AS p JOIN organization AS o USING (currency)) USING (resource)
    GROUP BY r.resource
),
segments AS MATERIALIZED ( -- a few rows: the parts of each window that have one price
    SELECT w.span, p.resource, p.unit_price,
           greatest(w.starts, p.valid_from) AS starts, least(w.ends, p.valid_until) AS ends
    FROM windows AS w JOIN price_periods AS p ON p.valid_from < w.ends AND p.valid_until > w.starts
    WHERE w.starts < w.ends
),
projects_of AS (
    SELECT o.*, p.namespace
    FROM organization AS o LEFT JOIN LATERAL (
        SELECT p.namespace FROM projects AS p
        WHERE p.organization = o.name
          AND (%(namespace)s::text IS NULL OR p.namespace = %(namespace)s::text)
          AND (%(after)s::text IS NULL OR p.namespace > %(after)s::text)
        ORDER BY p.namespace LIMIT %(most)s::integer
    ) AS p ON true
),
exact AS (
    SELECT p.*, c.*
    FROM projects_of AS p LEFT JOIN LATERAL (
        SELECT sum(cost) FILTER (WHERE span = 'month' AND resource = 'cpu_core_hour') AS cpu,
               sum(cost) FILTER (WHERE span = 'month' AND resource = 'memory_gib_hour') AS memory,
               sum(cost) FILTER (WHERE span = 'month' AND resource = 'storage_gib_hour') AS storage,
               sum(cost) FILTER (WHERE span = 'month' AND resource = 'network_gib') AS network,
               sum(cost) FILTER (WHERE span = 'month' AND resource = 'public_ip_hour') AS public_ip,
               sum(cost) FILTER (WHERE span = 'day') AS last_day,
               sum(cost) FILTER (WHERE span = 'hour') AS last_hour,
               sum(cost) FILTER (WHERE span = 'hour' AND resource IN ('cpu_core_hour', 'memory_gib_hour')) AS compute,
               min(unpriced_hour) AS unpriced_hour,
               (array_agg(resource ORDER BY unpriced_hour, resource) FILTER (WHERE unpriced_hour IS NOT NULL))[1]
                   AS unpriced_resource
        FROM segments AS s, LATERAL (
            SELECT sum(u.quantity) * s.unit_price AS cost,
                   min(u.hour) FILTER (WHERE s.unit_price IS NULL AND u.quantity > 0) AS unpriced_hour
            FROM usage AS u
            WHERE u.namespace = p.namespace AND u.resource = s.resource AND u.hour >= s.starts AND u.hour < s.ends
        ) AS part
    ) AS c ON true
),
rounded AS (
    SELECT namespace,
           round(coalesce(cpu, 0), digits) AS cpu_cost,
           round(coalesce(memory, 0), digits) AS memory_cost,
           round(coalesce(storage, 0), digits) AS storage_cost,
           round(coalesce(network, 0), digits) AS network_cost,
           round(coalesce(public_ip, 0), digits) AS public_ip_cost,
           round(coalesce(last_day, 0), digits) AS last_day_spend,
           round(coalesce(last_hour, 0), digits + 4) AS total_cost_per_hour,
           round(coalesce(compute, 0), digits + 4) AS compute_cost_per_hour,
           to_char(unpriced_hour AT TIME ZONE 'UTC', 'YYYY-MM') AS unpriced_month,
           unpriced_resource::text,
           currency, as_of, to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM') AS billing_period
    FROM exact
)
SELECT r.*, cpu_cost + memory_cost + storage_cost + network_cost + public_ip_cost AS current_month_total,
       coalesce(i.running_pods, 0) AS running_pods, coalesce(i.running_vms, 0) AS running_vms,
       coalesce(i.cpu_cores, 0) AS cpu_cores, coalesce(i.memory_gib, 0) AS memory_gib
FROM rounded AS r LEFT JOIN instances AS i USING (namespace)
ORDER BY r.namespace
