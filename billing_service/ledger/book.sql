-- Writes `changes` to the lines, and their differences to every sum. A row without new_quantity removes its line.
SET LOCAL default_statistics_target = 10; -- a small sample is enough, and takes a tenth of the time
ANALYZE changes;

INSERT INTO usage_lines (organization, namespace, life, hour, sku, workload, source, quantity, currency, price, amount)
SELECT organization, namespace, life, hour, sku, workload, source, new_quantity, new_currency, new_price, new_amount
FROM changes WHERE old_quantity IS NULL
ORDER BY organization, namespace, life, hour, sku, workload, source;

UPDATE usage_lines AS l SET quantity = new_quantity, currency = new_currency, price = new_price, amount = new_amount
FROM changes AS c
WHERE c.old_quantity IS NOT NULL AND c.new_quantity IS NOT NULL
  AND l.organization = c.organization AND l.namespace = c.namespace AND l.life = c.life
  AND l.hour = c.hour AND l.sku = c.sku AND l.workload = c.workload AND l.source = c.source
  AND l.hour >= %(first)s::timestamptz AND l.hour <= %(last)s::timestamptz;

DELETE FROM usage_lines AS l USING changes AS c
WHERE c.new_quantity IS NULL AND l.organization = c.organization AND l.namespace = c.namespace AND l.life = c.life
  AND l.hour = c.hour AND l.sku = c.sku AND l.workload = c.workload AND l.source = c.source
  AND l.hour >= %(first)s::timestamptz AND l.hour <= %(last)s::timestamptz;

CREATE TEMPORARY TABLE deltas ON COMMIT DROP AS
SELECT organization, namespace, life, hour, day, period, sku, currency,
       sum(quantity) AS quantity, coalesce(sum(amount), 0) AS amount, sum(lines) AS lines,
       coalesce(sum(lines) FILTER (WHERE amount IS NULL), 0) AS unrated
FROM (
    SELECT organization, namespace, life, hour, day, period, sku, new_currency AS currency,
           new_quantity AS quantity, new_amount AS amount, 1 AS lines
    FROM changes WHERE new_quantity IS NOT NULL
    UNION ALL
    SELECT organization, namespace, life, hour, day, period, sku, old_currency, -old_quantity, -old_amount, -1
    FROM changes WHERE old_quantity IS NOT NULL
) AS difference
GROUP BY organization, namespace, life, hour, day, period, sku, currency;
ANALYZE deltas;

INSERT INTO rollup_daily AS r
SELECT organization, namespace, life, day, sku, currency, sum(quantity), sum(amount), sum(lines), sum(unrated)
FROM deltas GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
ON CONFLICT (organization, namespace, life, day, sku, currency) DO UPDATE
SET quantity = r.quantity + excluded.quantity, amount = r.amount + excluded.amount,
    lines = r.lines + excluded.lines, unrated = r.unrated + excluded.unrated;

INSERT INTO rollup_monthly AS r
SELECT organization, period, namespace, life, sku, currency, sum(quantity), sum(amount), sum(lines), sum(unrated)
FROM deltas GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
ON CONFLICT (organization, period, namespace, life, sku, currency) DO UPDATE
SET quantity = r.quantity + excluded.quantity, amount = r.amount + excluded.amount,
    lines = r.lines + excluded.lines, unrated = r.unrated + excluded.unrated;

INSERT INTO organization_daily AS r
SELECT organization, day, sku, currency, sum(quantity), sum(amount), sum(lines), sum(unrated)
FROM deltas GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
ON CONFLICT (organization, day, sku, currency) DO UPDATE
SET quantity = r.quantity + excluded.quantity, amount = r.amount + excluded.amount,
    lines = r.lines + excluded.lines, unrated = r.unrated + excluded.unrated;

INSERT INTO organization_monthly AS r
SELECT organization, period, sku, currency, sum(quantity), sum(amount), sum(lines), sum(unrated)
FROM deltas GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
ON CONFLICT (organization, period, sku, currency) DO UPDATE
SET quantity = r.quantity + excluded.quantity, amount = r.amount + excluded.amount,
    lines = r.lines + excluded.lines, unrated = r.unrated + excluded.unrated;

INSERT INTO project_months AS m
SELECT organization, period, namespace, life, bit_or(bit_of(hour, period))
FROM (SELECT DISTINCT organization, period, namespace, life, hour FROM changes WHERE new_quantity IS NOT NULL) AS seen
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
ON CONFLICT (organization, period, namespace, life) DO UPDATE SET hours = m.hours | excluded.hours
WHERE m.hours | excluded.hours <> m.hours;

INSERT INTO organization_state AS s
SELECT organization, min(hour), max(hour) + interval '1 hour' FROM changes WHERE new_quantity IS NOT NULL GROUP BY 1
ORDER BY 1
ON CONFLICT (organization) DO UPDATE
SET first_hour = least(s.first_hour, excluded.first_hour), as_of = greatest(s.as_of, excluded.as_of)
WHERE excluded.first_hour < s.first_hour OR excluded.as_of > s.as_of;

INSERT INTO recent_hours AS r
SELECT d.organization, d.namespace, d.life, d.hour, d.currency, sum(d.amount),
       coalesce(sum(d.amount) FILTER (WHERE k.component IN ('cpu', 'memory')), 0), sum(d.unrated)
FROM deltas AS d JOIN organization_state AS s USING (organization) JOIN skus AS k ON k.id = d.sku
WHERE d.hour >= s.as_of - interval '24 hours'
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
ON CONFLICT (organization, namespace, life, hour, currency) DO UPDATE
SET amount = r.amount + excluded.amount, compute = r.compute + excluded.compute,
    unrated = r.unrated + excluded.unrated;

CREATE TEMPORARY TABLE touched ON COMMIT DROP AS SELECT DISTINCT organization FROM changes;
DROP TABLE changes, deltas;
