SELECT c.name, c.namespace, c.life, k.id AS sku, k.code, k.component, c.currency, array_agg(c.piece) AS pieces,
       array_agg(c.quantity) AS quantities, array_agg(c.amount) AS amounts, array_agg(c.lines) AS lines,
       array_agg(c.unrated) AS unrated
FROM cells AS c JOIN skus AS k ON k.id = c.sku
GROUP BY c.name, c.namespace, c.life, k.id, c.currency
ORDER BY k.id, c.name, c.namespace, c.life
