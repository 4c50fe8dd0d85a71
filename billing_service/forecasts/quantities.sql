-- Quantities of each day and SKU, without some lives of projects: of the lives own_names and own_lives, or of
-- the complete organization.
SELECT d.day - %(since)s::date AS day, d.sku, sum(d.quantity)::float8 AS quantity
FROM (
    SELECT o.day, o.sku, o.quantity FROM organization_daily AS o
    WHERE o.organization = %(organization)s AND o.day >= %(since)s::date AND o.day <= %(today)s::date
      AND %(own_names)s::text[] IS NULL
    UNION ALL
    SELECT r.day, r.sku, -r.quantity FROM rollup_daily AS r
    JOIN unnest(%(left_out)s::text[], %(lives)s::smallint[]) AS l (namespace, life)
        ON l.namespace = r.namespace AND l.life = r.life
    WHERE r.organization = %(organization)s AND r.day >= %(since)s::date AND r.day <= %(today)s::date
    UNION ALL
    SELECT r.day, r.sku, r.quantity FROM rollup_daily AS r
    WHERE r.organization = %(organization)s AND r.day >= %(since)s::date AND r.day <= %(today)s::date
      AND (r.namespace, r.life) IN (SELECT * FROM unnest(%(own_names)s::text[], %(own_lives)s::smallint[]))
) AS d GROUP BY d.day, d.sku
