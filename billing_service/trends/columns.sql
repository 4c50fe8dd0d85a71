SELECT c.name, c.namespace, c.life, k.id AS sku, k.code, k.component, c.currency, array_agg(c.piece) AS pieces,
       array_agg(c.quantity) AS quantities, -- only: quantities
       array_agg(c.amount) AS amounts, array_agg(c.lines) AS lines,
       CASE WHEN sum(c.unrated) > 0 THEN array_agg(c.unrated) END AS unrated
FROM cells AS c LEFT JOIN skus AS k ON k.id = c.sku
GROUP BY c.name, c.namespace, c.life, k.id, c.currency
ORDER BY k.id, c.name, c.namespace, c.life
