-- The adjustments that count in the months of a range, by month and currency. lives: the life of a project in each month,
-- null: all lives.
SELECT m.period, a.currency::text, coalesce(d.digits, 2) AS digits, sum(a.amount::numeric) AS amount
FROM unnest(%(periods)s::date[], %(lives)s::smallint[]) AS m (period, life)
JOIN adjustments AS a ON a.organization = %(organization)s AND a.period = m.period
LEFT JOIN minor_units AS d ON d.currency = a.currency
WHERE (%(namespaces)s::text[] IS NULL OR a.namespace = ANY (%(namespaces)s::text[]))
  AND (%(lives)s::smallint[] IS NULL OR a.life = m.life)
GROUP BY m.period, a.currency, d.digits
ORDER BY m.period, a.currency
