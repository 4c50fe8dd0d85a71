-- include figures/month.sql
-- The projects of an organization that have not ended before its month, one row for each life, with their first hour and
-- the exact cost of the month so far. namespaces null: all lives; otherwise those of named_lives. An unknown organization has no row; one without projects has a row without namespace.
, lives AS (
    SELECT w.namespace::text AS namespace, w.life, bool_or(w.validity @> o.moment) AS present,
           CASE WHEN NOT bool_or(upper_inf(w.validity)) THEN max(upper(w.validity)) END AS until
    FROM organization AS o JOIN ownership AS w ON w.organization = %(organization)s::text
    WHERE (%(namespaces)s::text[] IS NULL OR (w.namespace::text, w.life) IN (
              SELECT n.namespace, n.life FROM named_lives(
                  %(organization)s::text, %(namespaces)s::text[], coalesce(%(now)s::timestamptz, now())) AS n
          ))
      AND (lower_inf(w.validity) OR lower(w.validity) <= o.moment)
    GROUP BY w.namespace, w.life
),
spent AS (
    SELECT r.namespace, r.life, coalesce(sum(r.amount) FILTER (WHERE r.currency = o.currency), 0) AS spent,
           sum(r.unrated) AS unrated
    FROM organization AS o JOIN rollup_monthly AS r ON r.organization = %(organization)s::text AND r.period = o.period
    WHERE %(namespaces)s::text[] IS NULL OR r.namespace = ANY (%(namespaces)s::text[])
    GROUP BY r.namespace, r.life
),
began AS (
    SELECT DISTINCT ON (m.namespace, m.life) m.namespace, m.life, m.period AS first_period,
           position(B'1' IN m.hours) - 1 AS first_bit
    FROM project_months AS m
    WHERE m.organization = %(organization)s::text AND position(B'1' IN m.hours) > 0
      AND (%(namespaces)s::text[] IS NULL OR m.namespace = ANY (%(namespaces)s::text[]))
    ORDER BY m.namespace, m.life, m.period
)
SELECT o.*, l.namespace, l.life, l.present, l.until, b.first_period, b.first_bit,
       coalesce(s.spent, 0) AS spent, coalesce(s.unrated, 0) AS unrated
FROM organization AS o
LEFT JOIN lives AS l ON true
LEFT JOIN spent AS s ON s.namespace = l.namespace AND s.life = l.life
LEFT JOIN began AS b ON b.namespace = l.namespace AND b.life = l.life
ORDER BY l.namespace, l.present DESC, l.life DESC
