-- The life of a namespace that the overview of each month shows: the newest one that the organization owned in the month.
-- owned: the organization owns the namespace now.
SELECT array_agg(w.life ORDER BY m.place) AS lives, EXISTS (
           SELECT FROM ownership AS n
           WHERE n.namespace = %(namespace)s AND n.organization = %(organization)s
             AND n.validity @> %(moment)s::timestamptz
       ) AS owned
FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) WITH ORDINALITY AS m (starts, ends, place)
LEFT JOIN LATERAL (
    SELECT l.life FROM ownership AS l
    WHERE l.namespace = %(namespace)s AND l.organization = %(organization)s
      AND l.validity && tstzrange(
          m.starts, greatest(least(m.ends, %(moment)s::timestamptz), m.starts + interval '1 hour'))
    ORDER BY lower(l.validity) DESC NULLS LAST LIMIT 1
) AS w ON true
