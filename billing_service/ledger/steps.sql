-- Computes the amounts of `changes` whose price is by steps or by the month. The steps count the quantity of the
-- organization in the month, in the order of the hours; within an hour in the order of namespace, life, workload and source.
-- So a changed line also changes later lines of its month: they are added to `changes`.
ANALYZE changes;

-- A line that stays, and that a moved line is added to, is in `changes` twice: the second row has the sum of both.
DELETE FROM changes AS c USING (
    SELECT organization, namespace, life, hour, sku, workload, source, max(ctid) AS last
    FROM changes WHERE new_quantity IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING count(*) > 1
) AS d
WHERE c.ctid < d.last AND (c.organization, c.namespace, c.life, c.hour, c.sku, c.workload, c.source)
    = (d.organization, d.namespace, d.life, d.hour, d.sku, d.workload, d.source);

CREATE TEMPORARY TABLE months ON COMMIT DROP AS
SELECT k.*, period_start(organization, period) AS starts,
       period_start(organization, (period + interval '1 month')::date) AS ends
FROM (SELECT DISTINCT organization, period FROM changes) AS k;
ANALYZE months;

UPDATE changes AS c SET new_amount = c.new_quantity * hour_price(p.unit_price, m.starts, m.ends, c.hour)
FROM months AS m, prices AS p
WHERE m.organization = c.organization AND m.period = c.period AND p.id = c.new_price AND p.rating = 'month'
  AND c.new_quantity > 0;

CREATE TEMPORARY TABLE stepped ON COMMIT DROP AS
SELECT c.organization, c.period, c.sku, min(c.hour) AS first, m.ends
FROM changes AS c JOIN months AS m USING (organization, period)
WHERE EXISTS (
    SELECT FROM prices AS p WHERE p.rating = 'steps' AND p.sku = c.sku AND p.price_list IN ('', c.organization)
)
GROUP BY c.organization, c.period, c.sku, m.ends;
ANALYZE stepped;

CREATE TEMPORARY TABLE later ON COMMIT DROP AS -- what is stored from the first changed hour on
SELECT s.period, l.organization, l.namespace, l.life, l.hour, l.sku, l.workload, l.source, l.quantity::numeric AS quantity,
       l.amount, l.currency, l.price
FROM stepped AS s
JOIN organization_state AS o ON o.organization = s.organization AND o.as_of > s.first
JOIN usage_lines AS l ON l.organization = s.organization AND l.sku = s.sku AND l.hour >= s.first AND l.hour < s.ends
WHERE l.hour >= %(first)s::timestamptz;
ANALYZE later;

CREATE TEMPORARY TABLE rated ON COMMIT DROP AS
WITH ranges AS MATERIALIZED (
    SELECT * FROM price_ranges
),
base AS MATERIALIZED (
    SELECT s.organization, s.period, s.sku, coalesce((
               SELECT sum(m.quantity) FROM organization_monthly AS m
               WHERE m.organization = s.organization AND m.period = s.period AND m.sku = s.sku
           ), 0) - coalesce((
               SELECT sum(l.quantity) FROM later AS l
               WHERE l.organization = s.organization AND l.period = s.period AND l.sku = s.sku
           ), 0) AS quantity
    FROM stepped AS s
),
booked AS (
    SELECT c.organization, c.period, c.sku, c.namespace, c.life, c.hour, c.workload, c.source,
           c.new_quantity AS quantity, c.new_price AS price, c.new_currency AS currency, c.new_amount AS amount, true AS changed
    FROM changes AS c JOIN stepped AS s USING (organization, period, sku) WHERE c.new_quantity IS NOT NULL
    UNION ALL
    SELECT l.organization, l.period, l.sku, l.namespace, l.life, l.hour, l.workload, l.source,
           l.quantity, l.price, l.currency, l.amount, false
    FROM later AS l WHERE NOT EXISTS (
        SELECT FROM changes AS c
        WHERE c.organization = l.organization AND c.namespace = l.namespace AND c.life = l.life AND c.hour = l.hour
          AND c.sku = l.sku AND c.workload = l.workload AND c.source = l.source
    )
),
positioned AS (
    SELECT k.*, b.quantity + sum(k.quantity) OVER month - k.quantity AS month_before
    FROM booked AS k JOIN base AS b USING (organization, period, sku)
    WINDOW month AS (
        PARTITION BY organization, period, sku
        ORDER BY k.hour, k.namespace, k.life, k.workload, k.source ROWS UNBOUNDED PRECEDING
    )
)
SELECT p.*, r.amount AS new_amount, r.steps
FROM positioned AS p JOIN prices AS q ON q.id = p.price AND q.rating = 'steps'
CROSS JOIN LATERAL (
    SELECT coalesce(sum((least(p.month_before + p.quantity, g.until) - greatest(p.month_before, g.since)) * g.unit_price), 0)
               AS amount,
           count(*) AS steps
    FROM ranges AS g
    WHERE g.price = p.price AND g.since < p.month_before + p.quantity AND (g.until IS NULL OR g.until > p.month_before)
) AS r;
ANALYZE rated;

UPDATE changes AS c SET new_amount = r.new_amount FROM rated AS r
WHERE r.changed AND c.new_quantity IS NOT NULL
  AND c.organization = r.organization AND c.namespace = r.namespace AND c.life = r.life AND c.hour = r.hour
  AND c.sku = r.sku AND c.workload = r.workload AND c.source = r.source;

INSERT INTO changes (organization, namespace, life, hour, sku, workload, source, day, period, old_quantity, old_amount,
                     old_currency, new_quantity, new_amount, new_currency, new_price)
SELECT r.organization, r.namespace, r.life, r.hour, r.sku, r.workload, r.source, (r.hour AT TIME ZONE t.time_zone)::date,
       r.period, r.quantity, r.amount, r.currency, r.quantity, r.new_amount, r.currency, r.price
FROM rated AS r JOIN organization_terms AS t ON t.organization = r.organization AND t.validity @> r.hour::timestamptz
WHERE NOT r.changed AND r.amount IS DISTINCT FROM r.new_amount;
DROP TABLE stepped, later;
