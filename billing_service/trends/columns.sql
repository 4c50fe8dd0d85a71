-- Whole numbers as text with commas between them: psycopg takes several times as long for an array. Amounts in units of 10^-21.
SELECT c.name, c.namespace, c.life, k.id AS sku, k.code, k.component, c.currency,
       string_agg((c.piece - 1)::text, ',') AS pieces,
       array_agg(c.quantity) AS quantities, -- only: quantities
       string_agg(round(c.amount * 1e21)::text, ',') AS amounts, string_agg(c.lines::text, ',') AS lines,
       CASE WHEN sum(c.unrated) > 0 THEN string_agg(c.unrated::text, ',') END AS unrated
FROM cells AS c LEFT JOIN skus AS k ON k.id = c.sku
GROUP BY c.name, c.namespace, c.life, k.id, c.currency
ORDER BY k.id, c.name, c.namespace, c.life
