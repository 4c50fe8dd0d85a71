-- Books stored lines again after a change of owners, currencies or prices: writes to `changes` what is now different.
-- Lines of closed months stay. A line whose hour has lost its owner goes to the quarantine. Amounts of prices by steps or by
-- the month are null here: ledger/steps.sql computes them.
CREATE TEMPORARY TABLE stored ON COMMIT DROP AS
SELECT l.organization, l.namespace, l.life, l.hour, l.sku, l.workload, l.source, l.quantity::numeric AS quantity,
       l.amount, l.currency, l.price, (l.hour AT TIME ZONE t.time_zone)::date AS day,
       date_trunc('month', l.hour AT TIME ZONE t.time_zone)::date AS period,
       o.organization AS owner, o.life AS new_life
FROM usage_lines AS l
JOIN organization_terms AS t ON t.organization = l.organization AND t.validity @> l.hour::timestamptz
LEFT JOIN LATERAL (
    SELECT o.organization, o.life FROM ownership AS o
    WHERE o.namespace = l.namespace -- as in ledger/resolve.sql, not by the index of the exclusion constraint
      AND NOT isempty(o.validity::tstzrange * tstzrange(l.hour, l.hour + interval '1 hour'))
    ORDER BY (o.organization = l.organization AND o.life = l.life) DESC, lower(o.validity) NULLS FIRST LIMIT 1
) AS o ON true
WHERE l.hour >= %(first)s::timestamptz AND l.hour <= %(last)s::timestamptz
  AND (%(namespaces)s::text[] IS NULL OR l.namespace = ANY (%(namespaces)s::text[]))
  AND (%(organizations)s::text[] IS NULL OR l.organization = ANY (%(organizations)s::text[]))
  AND (%(skus)s::smallint[] IS NULL OR l.sku = ANY (%(skus)s::smallint[]))
  AND NOT EXISTS (
      SELECT FROM periods AS c WHERE c.organization = l.organization
          AND c.period = date_trunc('month', l.hour AT TIME ZONE t.time_zone)::date
  );
ANALYZE stored;

CREATE TEMPORARY TABLE target ON COMMIT DROP AS
SELECT k.*, t.currency, (k.hour AT TIME ZONE t.time_zone)::date AS day,
       date_trunc('month', k.hour AT TIME ZONE t.time_zone)::date AS period,
       p.id AS price, p.unit_price
FROM (SELECT DISTINCT owner, hour, sku FROM stored WHERE owner IS NOT NULL) AS k
JOIN organization_terms AS t ON t.organization = k.owner AND t.validity @> k.hour::timestamptz
LEFT JOIN LATERAL (
    SELECT id, CASE WHEN rating = 'unit' THEN unit_price::numeric END AS unit_price FROM prices
    WHERE sku = k.sku AND currency = t.currency AND price_list IN ('', k.owner) AND validity @> k.hour::timestamptz
    ORDER BY price_list DESC LIMIT 1
) AS p ON true;
ANALYZE target;

CREATE TEMPORARY TABLE changes ON COMMIT DROP AS
SELECT s.organization, s.namespace, s.life, s.hour, s.sku, s.workload, s.source, s.day, s.period,
       s.quantity AS old_quantity, s.amount AS old_amount, s.currency AS old_currency,
       s.quantity AS new_quantity,
       CASE WHEN s.quantity = 0 THEN 0 ELSE s.quantity * t.unit_price END AS new_amount,
       t.currency AS new_currency, t.price AS new_price
FROM stored AS s JOIN target AS t ON t.owner = s.owner AND t.hour = s.hour AND t.sku = s.sku
WHERE s.owner = s.organization AND s.new_life = s.life
  AND (s.currency, s.price, s.amount) IS DISTINCT FROM
      (t.currency, t.price, CASE WHEN s.quantity = 0 THEN 0 ELSE s.quantity * t.unit_price END)
UNION ALL
SELECT organization, namespace, life, hour, sku, workload, source, day, period,
       quantity, amount, currency, NULL, NULL, NULL, NULL
FROM stored WHERE (owner, new_life) IS DISTINCT FROM (organization, life)
UNION ALL
SELECT m.owner, m.namespace, m.new_life, m.hour, m.sku, m.workload, m.source, m.day, m.period,
       l.quantity, l.amount, l.currency, m.quantity + coalesce(l.quantity, 0),
       CASE WHEN m.quantity + coalesce(l.quantity, 0) = 0 THEN 0
            ELSE (m.quantity + coalesce(l.quantity, 0)) * m.unit_price END, m.currency, m.price
FROM (
    SELECT s.owner, s.namespace, s.new_life, s.hour, s.sku, s.workload, s.source, sum(s.quantity) AS quantity,
           t.day, t.period, t.currency, t.price, t.unit_price
    FROM stored AS s JOIN target AS t ON t.owner = s.owner AND t.hour = s.hour AND t.sku = s.sku
    WHERE (s.owner, s.new_life) IS DISTINCT FROM (s.organization, s.life)
    GROUP BY s.owner, s.namespace, s.new_life, s.hour, s.sku, s.workload, s.source, t.day, t.period, t.currency,
             t.price, t.unit_price
) AS m
LEFT JOIN usage_lines AS l ON l.organization = m.owner AND l.namespace = m.namespace AND l.life = m.new_life
    AND l.hour = m.hour AND l.sku = m.sku AND l.workload = m.workload AND l.source = m.source;

INSERT INTO quarantine (namespace, hour, sku, workload, source, owned_at, quantity, reason, received_at)
SELECT s.namespace, s.hour, k.code, s.workload, s.source, s.hour, sum(s.quantity), 'not_owned', %(now)s::timestamptz
FROM stored AS s JOIN skus AS k ON k.id = s.sku WHERE s.owner IS NULL GROUP BY 1, 2, 3, 4, 5
ON CONFLICT (namespace, hour, sku, workload, source, owned_at) DO UPDATE SET quantity = excluded.quantity;

DROP TABLE stored, target;
