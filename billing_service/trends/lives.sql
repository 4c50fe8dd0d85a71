-- The life of a namespace that the overview of each month shows: that of named_lives, if the organization owned it in the
-- month.
-- owned: the organization owns the namespace now.
SELECT array_agg(w.life ORDER BY m.place) AS lives, EXISTS (
           SELECT FROM ownership AS n
           WHERE n.namespace = %(namespace)s AND n.organization = %(organization)s
             AND n.validity @> %(moment)s::timestamptz
       ) AS owned
FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) WITH ORDINALITY AS m (starts, ends, place)
LEFT JOIN LATERAL (
    SELECT l.life
    FROM named_lives(%(organization)s::text, ARRAY[%(namespace)s::text], %(moment)s::timestamptz) AS n
    JOIN ownership AS l ON l.organization = %(organization)s AND l.namespace = n.namespace AND l.life = n.life
    WHERE l.validity && tstzrange(
          m.starts, greatest(least(m.ends, %(moment)s::timestamptz), m.starts + interval '1 hour'))
    LIMIT 1
) AS w ON true
