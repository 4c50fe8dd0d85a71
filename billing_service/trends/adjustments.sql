-- The adjustments that count in the months of a range, by month and currency. lives: the life of a project in each month,
-- null: all lives. own_names, own_lives: only these lives, null: all.
SELECT a.period, a.currency::text, coalesce(d.digits, 2) AS digits, sum(a.amount::numeric) AS amount
FROM adjustments AS a LEFT JOIN minor_units AS d ON d.currency = a.currency
WHERE a.organization = %(organization)s AND a.period = ANY (%(periods)s::date[])
  AND (%(namespaces)s::text[] IS NULL OR a.namespace = ANY (%(namespaces)s::text[]))
  AND (%(own_names)s::text[] IS NULL
       OR (a.namespace, a.life) IN (SELECT * FROM unnest(%(own_names)s::text[], %(own_lives)s::smallint[])))
  AND (%(lives)s::smallint[] IS NULL
       OR a.life = (%(lives)s::smallint[])[array_position(%(periods)s::date[], a.period::date)])
GROUP BY a.period, a.currency, d.digits
ORDER BY a.period, a.currency
