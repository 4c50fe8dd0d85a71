-- include figures/month.sql
-- What planned usage costs at the prices of now: the price of each SKU (the organization's list comes first), and a row for
-- each unit price. `hours` are those of a month; NULL: the quantity does not depend on hours. Steps go on from the larger
-- one of the organization's quantity in the running month and in the month before. A price by the month is spread over the
-- hours of the running month, as usage is rated; 730 hours are a complete month too.
, wanted AS (
    SELECT w.code, w.hours, w.units, w.units * coalesce(w.hours, 1) AS quantity,
           w.units / CASE WHEN w.hours IS NULL THEN 730 ELSE 1 END AS each_hour
    FROM unnest(%(codes)s::text[], %(hours)s::integer[], %(units)s::numeric[]) AS w (code, hours, units)
),
priced AS (
    SELECT w.code, w.quantity, w.each_hour, k.id AS sku, k.component, k.unit, p.id, p.price_list, p.unit_price, p.rating,
           lower(p.validity) AS valid_from, upper(p.validity) AS valid_until
    FROM organization AS o
    CROSS JOIN (
        SELECT g.code, sum(g.quantity) AS quantity, sum(g.each_hour) AS each_hour FROM wanted AS g GROUP BY g.code
    ) AS w
    LEFT JOIN skus AS k ON k.code = w.code
    LEFT JOIN LATERAL (
        SELECT id, price_list, unit_price::numeric, rating, validity FROM prices
        WHERE sku = k.id AND currency = o.currency AND price_list IN ('', o.organization) AND validity @> o.moment
        ORDER BY price_list DESC LIMIT 1
    ) AS p ON true
),
parts AS (
    SELECT p.code, p.quantity, p.unit_price, NULL::numeric AS since, NULL::numeric AS counted,
           p.quantity * p.unit_price AS amount
    FROM priced AS p WHERE p.rating = 'unit'
    UNION ALL
    SELECT p.code, p.quantity, p.unit_price, NULL, NULL, (
               SELECT sum(w.units * CASE
                   WHEN w.hours IS NULL OR w.hours >= least(730, m.hours) THEN p.unit_price
                   ELSE spread(p.unit_price, m.hours, 0, w.hours) END)
               FROM wanted AS w WHERE w.code = p.code
           )
    FROM priced AS p
    CROSS JOIN (SELECT (extract(epoch FROM o.ends - o.starts) / 3600)::integer AS hours FROM organization AS o) AS m
    WHERE p.rating = 'month'
    UNION ALL
    SELECT p.code, c.quantity, g.unit_price, g.since, b.quantity, c.quantity * g.unit_price
    FROM priced AS p
    CROSS JOIN organization AS o
    CROSS JOIN LATERAL (
        SELECT coalesce(max(q.quantity), 0) AS quantity FROM (
            SELECT sum(m.quantity) AS quantity FROM organization_monthly AS m
            WHERE m.organization = o.organization AND m.sku = p.sku
              AND m.period IN (o.this_period, (o.this_period - interval '1 month')::date)
            GROUP BY m.period
        ) AS q
    ) AS b
    JOIN price_ranges AS g ON g.price = p.id AND g.since < b.quantity + p.quantity
        AND (g.until IS NULL OR g.until > b.quantity)
    CROSS JOIN LATERAL (
        SELECT least(b.quantity + p.quantity, g.until) - greatest(b.quantity, g.since) AS quantity
    ) AS c
    WHERE p.rating = 'steps'
)
SELECT p.code AS sku, p.component, p.unit, p.quantity AS all_quantity, p.each_hour, p.id AS price, p.price_list, p.rating,
       p.valid_from, p.valid_until, r.quantity, r.unit_price, r.since, r.counted, r.amount
FROM priced AS p LEFT JOIN parts AS r ON r.code = p.code
ORDER BY p.sku, p.code, r.since
