-- Writes `changes` to the lines, and their differences to every sum. A row without new_quantity removes its line.
-- Sums are updated, and then inserted where there was none, if there was none: this takes less than half the time of ON
-- CONFLICT, which finds and locks rows one by one. It is safe because writers run one after another (ingest.LOCK).
SET LOCAL default_statistics_target = 10; -- a small sample is enough, and takes a tenth of the time
SET LOCAL jit = off;
SET LOCAL work_mem = '64MB'; -- one writer at a time
SET LOCAL random_page_cost = 1.1; -- with 4, a large table of sums is read in full to change some of its rows
ANALYZE changes;

INSERT INTO usage_lines (organization, namespace, life, hour, sku, workload, source, quantity, currency, price, amount)
SELECT organization, namespace, life, hour, sku, workload, source, new_quantity, new_currency, new_price, new_amount
FROM changes WHERE old_quantity IS NULL
ORDER BY namespace, hour; -- neighbours in the index; all seven columns take twice the time to sort

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
SELECT organization, namespace, life, day, period, sku, currency,
       sum(quantity) AS quantity, coalesce(sum(amount), 0) AS amount, sum(lines) AS lines,
       coalesce(sum(lines) FILTER (WHERE amount IS NULL), 0) AS unrated
FROM (
    SELECT organization, namespace, life, day, period, sku, new_currency AS currency,
           new_quantity AS quantity, new_amount AS amount, 1 AS lines
    FROM changes WHERE new_quantity IS NOT NULL
    UNION ALL
    SELECT organization, namespace, life, day, period, sku, old_currency, -old_quantity, -old_amount, -1
    FROM changes WHERE old_quantity IS NOT NULL
) AS difference
GROUP BY organization, namespace, life, day, period, sku, currency
ORDER BY organization, namespace, day, sku; -- as in the index of the sums: neighbours are found faster
ANALYZE deltas;

SET LOCAL enable_memoize = off; -- each row is looked up once
DO $$
DECLARE
    updated bigint;
BEGIN
    UPDATE rollup_daily AS r
    SET quantity = r.quantity + d.quantity, amount = r.amount + d.amount, lines = r.lines + d.lines,
        unrated = r.unrated + d.unrated
    FROM deltas AS d
    WHERE r.organization = d.organization AND r.namespace = d.namespace AND r.life = d.life AND r.day = d.day
      AND r.sku = d.sku AND r.currency = d.currency;
    GET DIAGNOSTICS updated = ROW_COUNT;
    IF updated < (SELECT count(*) FROM deltas) THEN
        INSERT INTO rollup_daily
        SELECT organization, namespace, life, day, sku, currency, quantity, amount, lines, unrated FROM deltas AS d
        WHERE NOT EXISTS (
            SELECT FROM rollup_daily AS r
            WHERE r.organization = d.organization AND r.namespace = d.namespace AND r.life = d.life AND r.day = d.day
              AND r.sku = d.sku AND r.currency = d.currency
        )
        ORDER BY organization, namespace, life, day, sku, currency;
    END IF;
END
$$;

CREATE TEMPORARY TABLE month_deltas ON COMMIT DROP AS
SELECT organization, period, namespace, life, sku, currency, sum(quantity) AS quantity, sum(amount) AS amount,
       sum(lines) AS lines, sum(unrated) AS unrated
FROM deltas GROUP BY 1, 2, 3, 4, 5, 6;
ANALYZE month_deltas;
DO $$
DECLARE
    updated bigint;
BEGIN
    UPDATE rollup_monthly AS r
    SET quantity = r.quantity + m.quantity, amount = r.amount + m.amount, lines = r.lines + m.lines,
        unrated = r.unrated + m.unrated
    FROM month_deltas AS m
    WHERE r.organization = m.organization AND r.period = m.period AND r.namespace = m.namespace AND r.life = m.life
      AND r.sku = m.sku AND r.currency = m.currency;
    GET DIAGNOSTICS updated = ROW_COUNT;
    IF updated < (SELECT count(*) FROM month_deltas) THEN
        INSERT INTO rollup_monthly
        SELECT * FROM month_deltas AS m
        WHERE NOT EXISTS (
            SELECT FROM rollup_monthly AS r
            WHERE r.organization = m.organization AND r.period = m.period AND r.namespace = m.namespace AND r.life = m.life
              AND r.sku = m.sku AND r.currency = m.currency
        )
        ORDER BY organization, period, namespace, life, sku, currency;
    END IF;
END
$$;
SET LOCAL enable_memoize = on;

INSERT INTO organization_daily AS r
SELECT organization, day, sku, currency, sum(quantity), sum(amount), sum(lines), sum(unrated)
FROM deltas GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
ON CONFLICT (organization, day, sku, currency) DO UPDATE
SET quantity = r.quantity + excluded.quantity, amount = r.amount + excluded.amount,
    lines = r.lines + excluded.lines, unrated = r.unrated + excluded.unrated;

INSERT INTO organization_monthly AS r
SELECT organization, period, sku, currency, sum(quantity), sum(amount), sum(lines), sum(unrated)
FROM month_deltas GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
ON CONFLICT (organization, period, sku, currency) DO UPDATE
SET quantity = r.quantity + excluded.quantity, amount = r.amount + excluded.amount,
    lines = r.lines + excluded.lines, unrated = r.unrated + excluded.unrated;

CREATE TEMPORARY TABLE hour_deltas ON COMMIT DROP AS -- `lines`: the new and the changed ones
SELECT organization, namespace, life, period, hour, currency, coalesce(sum(amount), 0) AS amount,
       coalesce(sum(amount) FILTER (WHERE sku = ANY (ARRAY(SELECT id FROM skus WHERE component IN ('cpu', 'memory')))), 0)
           AS compute,
       coalesce(sum(sign) FILTER (WHERE amount IS NULL), 0) AS unrated, count(*) FILTER (WHERE sign = 1) AS lines
FROM (
    SELECT organization, namespace, life, period, hour, sku, new_currency AS currency, new_amount AS amount, 1 AS sign
    FROM changes WHERE new_quantity IS NOT NULL
    UNION ALL
    SELECT organization, namespace, life, period, hour, sku, old_currency, -old_amount, -1
    FROM changes WHERE old_quantity IS NOT NULL
) AS difference
GROUP BY organization, namespace, life, period, hour, currency;
ANALYZE hour_deltas;

CREATE TEMPORARY TABLE seen ON COMMIT DROP AS
SELECT d.organization, d.period, d.namespace, d.life, bit_or(h.bit) AS hours
FROM hour_deltas AS d
JOIN (
    SELECT hour, period, bit_of(hour, period) AS bit FROM (SELECT DISTINCT hour, period FROM hour_deltas) AS hour_of
) AS h USING (hour, period)
WHERE d.lines > 0
GROUP BY 1, 2, 3, 4;
ANALYZE seen;
UPDATE project_months AS m SET hours = m.hours | s.hours FROM seen AS s
WHERE m.organization = s.organization AND m.period = s.period AND m.namespace = s.namespace AND m.life = s.life
  AND m.hours | s.hours <> m.hours;
INSERT INTO project_months
SELECT * FROM seen AS s
WHERE NOT EXISTS (
    SELECT FROM project_months AS m
    WHERE m.organization = s.organization AND m.period = s.period AND m.namespace = s.namespace AND m.life = s.life
)
ORDER BY organization, period, namespace, life;

INSERT INTO organization_state AS s
SELECT organization, min(hour), max(hour) + interval '1 hour' FROM hour_deltas WHERE lines > 0 GROUP BY 1 ORDER BY 1
ON CONFLICT (organization) DO UPDATE
SET first_hour = least(s.first_hour, excluded.first_hour), as_of = greatest(s.as_of, excluded.as_of)
WHERE excluded.first_hour < s.first_hour OR excluded.as_of > s.as_of;

INSERT INTO recent_hours AS r
SELECT d.organization, d.namespace, d.life, d.hour, d.currency, d.amount, d.compute, d.unrated
FROM hour_deltas AS d JOIN organization_state AS s USING (organization)
WHERE d.hour >= s.as_of - interval '24 hours' ORDER BY 1, 2, 3, 4, 5
ON CONFLICT (organization, namespace, life, hour, currency) DO UPDATE
SET amount = r.amount + excluded.amount, compute = r.compute + excluded.compute,
    unrated = r.unrated + excluded.unrated;

CREATE TEMPORARY TABLE touched ON COMMIT DROP AS SELECT DISTINCT organization FROM month_deltas;
DROP TABLE changes, deltas, month_deltas, hour_deltas, seen;
