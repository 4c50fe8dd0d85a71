-- The prices of each SKU that held at some hour of a range, as text without their validity. The organization's own price
-- list comes before the general one.
SELECT p.sku, r.place, bool_and(p.rating = 'month') AS by_month,
       array_agg(DISTINCT concat(p.rating, ' ', p.unit_price, ' ', (
           SELECT jsonb_object_agg(s.from_quantity::text, s.unit_price::text) FROM price_steps AS s WHERE s.price = p.id
       ))) AS prices
FROM unnest(%(since)s::timestamptz[], %(until)s::timestamptz[]) WITH ORDINALITY AS r (since, until, place)
JOIN prices AS p ON p.currency = %(currency)s AND p.price_list IN ('', %(organization)s)
    AND p.validity && tstzrange(r.since, r.until)
WHERE p.price_list <> '' OR NOT coalesce(
    tstzmultirange(p.validity * tstzrange(r.since, r.until)) <@ (
        SELECT range_agg(o.validity::tstzrange) FROM prices AS o
        WHERE o.price_list = %(organization)s AND o.sku = p.sku AND o.currency = p.currency
    ), false)
GROUP BY p.sku, r.place
