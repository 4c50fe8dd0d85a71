-- include figures/month.sql
-- The exact figures of one project in one month: a row if the organization owns the project that has this name
-- (named_lives) now, or owned it in the month of the request. The last day and the last hour belong to the running month only.
, project AS (
    SELECT w.namespace, w.life,
           (SELECT CASE WHEN NOT bool_or(lower_inf(l.validity)) THEN min(lower(l.validity)) END FROM ownership AS l
            WHERE l.namespace = w.namespace AND l.organization = w.organization AND l.life = w.life) AS since,
           (SELECT CASE WHEN NOT bool_or(upper_inf(l.validity)) THEN max(upper(l.validity)) END FROM ownership AS l
            WHERE l.namespace = w.namespace AND l.organization = w.organization AND l.life = w.life) AS until
    FROM organization AS o
    JOIN ownership AS w ON w.organization = o.organization AND w.namespace = %(namespace)s::text
        AND w.life = ( -- named_lives, which would be planned for each request
            SELECT n.life FROM ownership AS n
            WHERE n.organization = o.organization AND n.namespace = %(namespace)s::text
              AND (lower_inf(n.validity) OR lower(n.validity) <= o.moment)
            ORDER BY lower(n.validity) DESC NULLS LAST LIMIT 1
        )
    WHERE CASE WHEN %(period)s::date IS NULL THEN w.validity @> o.moment
               ELSE w.validity && tstzrange(o.starts, greatest(least(o.ends, o.moment), o.starts + interval '1 hour')) END
    ORDER BY lower(w.validity) DESC NULLS LAST LIMIT 1
)
SELECT o.*, p.namespace, p.life, sums.*, coalesce(d.last_day, 0) AS last_day, coalesce(d.last_hour, 0) AS last_hour,
       coalesce(d.last_compute, 0) AS last_compute,
       sums.month_unrated + CASE WHEN o.period = o.this_period THEN coalesce(d.unrated, 0) ELSE 0 END AS unrated,
       e.others, x.adjustments,
       i.running_pods, i.running_vms, i.cpu_cores::numeric, i.memory_gib::numeric, i.measured_at,
       g.first_bit, g.last_bit, bit_count(u.missing) AS incomplete_hours,
       nullif(position(B'1' IN u.missing), 0) - 1 AS first_missing
FROM organization AS o
JOIN project AS p ON true
JOIN LATERAL (
    SELECT coalesce(sum(r.amount) FILTER (WHERE k.component = 'cpu' AND r.currency = o.currency), 0) AS cpu_cost,
           coalesce(sum(r.amount) FILTER (WHERE k.component = 'memory' AND r.currency = o.currency), 0) AS memory_cost,
           coalesce(sum(r.amount) FILTER (WHERE k.component = 'storage' AND r.currency = o.currency), 0) AS storage_cost,
           coalesce(sum(r.amount) FILTER (WHERE k.component = 'network' AND r.currency = o.currency), 0) AS network_cost,
           coalesce(sum(r.amount) FILTER (WHERE k.component = 'public_ip' AND r.currency = o.currency), 0) AS public_ip_cost,
           sum(r.amount) FILTER (WHERE k.component = 'gpu' AND r.currency = o.currency AND r.quantity > 0) AS gpu_cost,
           sum(r.amount) FILTER (WHERE k.component = 'other' AND r.currency = o.currency AND r.quantity > 0) AS other_cost,
           coalesce(sum(r.unrated), 0) AS month_unrated
    FROM rollup_monthly AS r JOIN skus AS k ON k.id = r.sku
    WHERE r.organization = o.organization AND r.period = o.period AND r.namespace = p.namespace AND r.life = p.life
) AS sums ON true
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(currency, amount::text) AS others FROM (
        SELECT r.currency, sum(r.amount) AS amount FROM rollup_monthly AS r
        WHERE r.organization = o.organization AND r.period = o.period AND r.namespace = p.namespace AND r.life = p.life
          AND r.currency <> o.currency GROUP BY r.currency HAVING sum(r.amount) > 0
    ) AS other
) AS e ON true
LEFT JOIN LATERAL (
    SELECT sum(a.amount) AS adjustments FROM adjustments AS a
    WHERE a.organization = o.organization AND a.period = o.period AND a.namespace = p.namespace AND a.life = p.life
      AND a.currency = o.currency
) AS x ON true
LEFT JOIN project_state AS d ON d.organization = o.organization AND d.namespace = p.namespace AND d.life = p.life
    AND d.currency = o.currency
LEFT JOIN instances AS i ON i.organization = o.organization AND i.namespace = p.namespace
    AND (p.since IS NULL OR i.measured_at >= p.since) -- of this life, and not of an earlier one
LEFT JOIN project_months AS h
    ON h.organization = o.organization AND h.period = o.period AND h.namespace = p.namespace AND h.life = p.life
LEFT JOIN LATERAL project_gaps(
    o.period, o.starts, o.ends, o.as_of, p.since, p.until, h.hours,
    EXISTS (SELECT FROM project_months AS b WHERE b.organization = o.organization AND b.namespace = p.namespace
            AND b.life = p.life AND b.period = (o.period - interval '1 month')::date)
) AS g ON true
CROSS JOIN LATERAL (
    SELECT g.missing & ~unowned_bits(o.organization, p.namespace, p.life, o.period) AS missing
) AS u
