-- Computes the amounts of `adjusted` whose price is by steps or by the month. The steps go on where the closed month and its
-- earlier adjustments ended.
INSERT INTO months
SELECT k.*, period_start(organization, period), period_start(organization, (period + interval '1 month')::date)
FROM (SELECT organization, refers_period AS period FROM adjusted EXCEPT SELECT organization, period FROM months) AS k;

CREATE TEMPORARY TABLE ended ON COMMIT DROP AS -- the quantity of the closed month with its adjustments
SELECT k.*, coalesce((
           SELECT sum(m.quantity) FROM organization_monthly AS m
           WHERE m.organization = k.organization AND m.period = k.refers_period AND m.sku = k.sku
       ), 0) + coalesce((
           SELECT sum(e.quantity) FROM adjustments AS e
           WHERE e.organization = k.organization AND e.refers_period = k.refers_period AND e.sku = k.sku
       ), 0) AS quantity
FROM (SELECT DISTINCT organization, refers_period, sku FROM adjusted) AS k;

UPDATE adjusted AS a SET amount = x.amount
FROM (
    SELECT d.ctid AS row, CASE p.rating
               WHEN 'month' THEN d.quantity * hour_price(p.unit_price, m.starts, m.ends, d.hour)
               ELSE steps_amount(p.id, b.quantity + d.before, b.quantity + d.before + d.quantity)
           END AS amount
    FROM (
        SELECT ctid, *, sum(quantity) OVER (
                   PARTITION BY organization, refers_period, sku
                   ORDER BY hour, namespace, life, workload, source ROWS UNBOUNDED PRECEDING
               ) - quantity AS before
        FROM adjusted
    ) AS d
    JOIN prices AS p ON p.id = d.price AND p.rating <> 'unit'
    JOIN months AS m ON m.organization = d.organization AND m.period = d.refers_period
    JOIN ended AS b ON b.organization = d.organization AND b.refers_period = d.refers_period AND b.sku = d.sku
) AS x
WHERE a.ctid = x.row;
DROP TABLE ended;
