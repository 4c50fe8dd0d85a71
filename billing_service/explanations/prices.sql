-- The SKUs of some usage, each with the prices that are valid in a range of time: the organization's own price list first.
SELECT k.id AS sku, k.unit, p.id, p.price_list, p.rating, p.unit_price::numeric, lower(p.validity) AS valid_from,
       upper(p.validity) AS valid_until
FROM skus AS k
LEFT JOIN prices AS p ON p.sku = k.id AND p.currency = %(currency)s AND p.price_list IN ('', %(organization)s)
    AND p.validity && tstzrange(%(since)s::timestamptz, %(until)s::timestamptz)
WHERE k.id = ANY (%(skus)s::smallint[])
ORDER BY k.id, p.price_list DESC, lower(p.validity) NULLS FIRST
