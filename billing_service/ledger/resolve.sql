-- Finds owner, period, currency and price of each line of `incoming_lines`, and writes to `changes` what differs from the
-- stored lines. What cannot be booked goes to the quarantine. Changes of a closed month go to `adjusted`. Amounts of prices
-- by steps or by the month are null here: ledger/steps.sql computes them.

-- `NOT isempty(... * ...)` is `&&` without the index of the exclusion constraint, whose look-ups take most of the time.
CREATE TEMPORARY TABLE owners ON COMMIT DROP AS
WITH owned AS MATERIALIZED (
    SELECT DISTINCT ON (k.namespace, k.hour, k.owned_at) k.namespace, k.hour, k.owned_at, o.organization, o.life
    FROM (SELECT DISTINCT namespace, hour, owned_at FROM incoming_lines) AS k
    JOIN ownership AS o ON o.namespace = k.namespace
        AND NOT isempty(o.validity::tstzrange * tstzrange(k.owned_at, k.hour + interval '1 hour'))
    ORDER BY k.namespace, k.hour, k.owned_at, lower(o.validity) NULLS FIRST
)
SELECT o.*, t.currency, (o.hour AT TIME ZONE t.time_zone)::date AS day,
       date_trunc('month', o.hour AT TIME ZONE t.time_zone)::date AS period
FROM owned AS o JOIN organization_terms AS t ON t.organization = o.organization AND t.validity @> o.hour;
ANALYZE owners;

CREATE TEMPORARY TABLE rates ON COMMIT DROP AS
SELECT k.*, p.id AS price, p.unit_price, c.period IS NOT NULL AS closed
FROM (
    SELECT o.*, s.id AS sku, s.code -- of all SKUs that come, which is faster than finding those of each hour
    FROM (SELECT DISTINCT organization, currency, period, hour FROM owners) AS o
    CROSS JOIN skus AS s WHERE s.code IN (SELECT sku FROM incoming_lines)
) AS k
LEFT JOIN periods AS c ON c.organization = k.organization AND c.period = k.period
LEFT JOIN LATERAL (
    SELECT id, CASE WHEN rating = 'unit' THEN unit_price::numeric END AS unit_price FROM prices
    WHERE sku = k.sku AND currency = k.currency AND price_list IN ('', k.organization) AND validity @> k.hour
    ORDER BY price_list DESC LIMIT 1
) AS p ON true;
ANALYZE rates;

CREATE TEMPORARY TABLE resolved ON COMMIT DROP AS
SELECT i.namespace, i.hour, i.owned_at, i.sku AS code, i.workload, i.source, i.quantity,
       o.organization, o.life, o.day, o.period, o.currency, r.sku, r.price, r.unit_price, r.closed,
       CASE WHEN o.organization IS NULL THEN 'unowned'
            WHEN r.sku IS NULL THEN 'unknown_sku'
            WHEN i.quantity > %(bound)s::numeric AND NOT EXISTS (
                SELECT FROM accepted_usage AS a
                WHERE (a.namespace, a.hour, a.sku, a.workload, a.source, a.owned_at, a.quantity)
                    = (i.namespace, i.hour, i.sku, i.workload, i.source, i.owned_at, i.quantity)
            ) THEN 'above_bound'
            WHEN r.closed AND r.price IS NULL AND i.quantity > 0 THEN 'price_missing'
       END AS reason
FROM incoming_lines AS i
LEFT JOIN owners AS o USING (namespace, hour, owned_at)
LEFT JOIN rates AS r ON r.organization = o.organization AND r.hour = o.hour AND r.code = i.sku;
ANALYZE resolved;

INSERT INTO quarantine AS q (namespace, hour, sku, workload, source, owned_at, quantity, reason, received_at)
SELECT namespace, hour, code, workload, source, owned_at, quantity,
       CASE WHEN reason <> 'unowned' THEN reason
            WHEN namespace IN (SELECT o.namespace FROM ownership AS o) THEN 'not_owned'
            ELSE 'unknown_namespace'
       END, %(now)s::timestamptz
FROM resolved WHERE reason IS NOT NULL
ON CONFLICT (namespace, hour, sku, workload, source, owned_at) DO UPDATE
SET quantity = excluded.quantity, reason = excluded.reason, received_at = excluded.received_at
WHERE (q.quantity, q.reason) IS DISTINCT FROM (excluded.quantity, excluded.reason);

DELETE FROM quarantine AS q USING resolved AS r
WHERE r.reason IS NULL AND (q.namespace, q.hour, q.sku, q.workload, q.source, q.owned_at)
    = (r.namespace, r.hour, r.code, r.workload, r.source, r.owned_at);

-- Pieces of an hour that have one owner now, because a move was corrected, are one line, as in ledger/rebook.sql.
CREATE TEMPORARY TABLE pieces ON COMMIT DROP AS
SELECT organization, namespace, life, hour, code, workload, source, min(owned_at) AS owned_at, sum(quantity) AS quantity
FROM resolved
WHERE reason IS NULL AND (namespace, hour) IN (SELECT o.namespace, o.hour FROM owners AS o WHERE o.owned_at > o.hour)
GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING count(*) > 1;

UPDATE resolved AS r SET quantity = p.quantity FROM pieces AS p
WHERE r.reason IS NULL AND (r.organization, r.namespace, r.life, r.hour, r.code, r.workload, r.source, r.owned_at)
    = (p.organization, p.namespace, p.life, p.hour, p.code, p.workload, p.source, p.owned_at);

DELETE FROM resolved AS r USING pieces AS p
WHERE r.reason IS NULL AND (r.organization, r.namespace, r.life, r.hour, r.code, r.workload, r.source)
    = (p.organization, p.namespace, p.life, p.hour, p.code, p.workload, p.source) AND r.owned_at > p.owned_at;
DROP TABLE pieces;

CREATE TEMPORARY TABLE changes ON COMMIT DROP AS
SELECT r.organization, r.namespace, r.life, r.hour, r.sku, r.workload, r.source, r.day, r.period,
       l.quantity::numeric AS old_quantity, l.amount AS old_amount, l.currency AS old_currency,
       r.quantity AS new_quantity,
       CASE WHEN r.quantity = 0 THEN 0 ELSE r.quantity * r.unit_price END AS new_amount,
       r.currency AS new_currency, r.price AS new_price
FROM resolved AS r
LEFT JOIN usage_lines AS l ON l.organization = r.organization AND l.namespace = r.namespace AND l.life = r.life
    AND l.hour = r.hour AND l.sku = r.sku AND l.workload = r.workload AND l.source = r.source
    AND l.hour >= %(first)s::timestamptz AND l.hour <= %(last)s::timestamptz
WHERE r.reason IS NULL AND NOT r.closed AND l.quantity IS DISTINCT FROM r.quantity;

-- A line of a closed month keeps its price. What was adjusted before is part of what is there.
CREATE TEMPORARY TABLE adjusted ON COMMIT DROP AS
SELECT r.organization, r.namespace, r.life, r.hour, r.sku, r.workload, r.source, r.period AS refers_period,
       r.quantity - coalesce(l.quantity, 0) - coalesce(a.quantity, 0) AS quantity,
       coalesce(l.currency, r.currency) AS currency,
       coalesce(l.price, r.price) AS price,
       (r.quantity - coalesce(l.quantity, 0) - coalesce(a.quantity, 0))
           * CASE WHEN p.id IS NULL THEN r.unit_price WHEN p.rating = 'unit' THEN p.unit_price END AS amount,
       CASE WHEN l.quantity IS NULL AND a.quantity IS NULL THEN 'late line' ELSE 'changed quantity' END AS reason
FROM resolved AS r
LEFT JOIN usage_lines AS l ON l.organization = r.organization AND l.namespace = r.namespace AND l.life = r.life
    AND l.hour = r.hour AND l.sku = r.sku AND l.workload = r.workload AND l.source = r.source
    AND l.hour >= %(first)s::timestamptz AND l.hour <= %(last)s::timestamptz
LEFT JOIN prices AS p ON p.id = l.price
LEFT JOIN LATERAL (
    SELECT sum(d.quantity) AS quantity FROM adjustments AS d
    WHERE d.organization = r.organization AND d.namespace = r.namespace AND d.refers_hour = r.hour
      AND d.life = r.life AND d.sku = r.sku AND d.workload = r.workload AND d.source = r.source
) AS a ON true
WHERE r.reason IS NULL AND r.closed;
DELETE FROM adjusted WHERE quantity = 0;
