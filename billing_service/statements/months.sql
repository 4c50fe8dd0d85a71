-- The months of an organization from the first one with usage, an adjustment or a plan to the running one, the newest first:
-- currency and plan as in the statement of the month. own_names, own_lives: of these lives of projects; null: of the organization, and of
-- a closed month then what was kept.
WITH clock AS (
    SELECT a.moment, current_period(%(organization)s::text, a.moment) AS this_period
    FROM (SELECT coalesce(%(now)s::timestamptz, now()) AS moment) AS a
),
first AS (
    SELECT least(
        (SELECT min(r.period) FROM rollup_monthly AS r WHERE r.organization = %(organization)s AND r.lines > 0
           AND (%(own_names)s::text[] IS NULL OR (r.namespace, r.life) IN
                (SELECT * FROM unnest(%(own_names)s::text[], %(own_lives)s::smallint[])))),
        (SELECT min(a.period) FROM adjustments AS a WHERE a.organization = %(organization)s
           AND (%(own_names)s::text[] IS NULL OR (a.namespace, a.life) IN
                (SELECT * FROM unnest(%(own_names)s::text[], %(own_lives)s::smallint[])))),
        (SELECT min(current_period(s.organization, lower(s.validity))) FROM subscriptions AS s
         WHERE s.organization = %(organization)s AND %(own_names)s::text[] IS NULL AND NOT lower_inf(s.validity)),
        c.this_period
    ) AS period
    FROM clock AS c
),
months AS (
    SELECT m.period::date, period_start(%(organization)s::text, m.period::date) AS starts,
           period_start(%(organization)s::text, (m.period + interval '1 month')::date) AS ends
    FROM first AS f CROSS JOIN clock AS c
    CROSS JOIN LATERAL generate_series(f.period::timestamp, c.this_period::timestamp, interval '1 month') AS m (period)
    ORDER BY m.period DESC LIMIT %(most)s
)
SELECT %(organization)s::text AS organization, m.period, m.starts, m.ends, c.this_period, t.currency::text,
       coalesce(d.digits, 2) AS digits, p.period IS NOT NULL AS closed, EXISTS (
           SELECT FROM subscriptions AS n WHERE n.organization = %(organization)s
               AND n.validity && tstzrange(m.starts, greatest(least(c.moment, m.ends), m.starts + interval '1 hour'))
       ) AS on_plan,
       coalesce(u.amount, 0) AS amount, coalesce(u.unrated, 0) AS unrated,
       CASE WHEN %(own_names)s::text[] IS NULL THEN (p.statement::json #>> '{invoiced,total}')::numeric END AS invoiced
FROM months AS m CROSS JOIN clock AS c
JOIN organization_terms AS t
    ON t.organization = %(organization)s AND t.validity @> least(c.moment, m.ends - interval '1 hour')
LEFT JOIN minor_units AS d ON d.currency = t.currency
LEFT JOIN periods AS p ON p.organization = %(organization)s AND p.period = m.period
LEFT JOIN LATERAL (
    SELECT sum(r.amount) FILTER (WHERE r.currency = t.currency) AS amount, sum(r.unrated)::bigint AS unrated
    FROM rollup_monthly AS r
    WHERE r.organization = %(organization)s AND r.period = m.period
      AND (%(own_names)s::text[] IS NULL OR (r.namespace, r.life) IN
           (SELECT * FROM unnest(%(own_names)s::text[], %(own_lives)s::smallint[])))
) AS u ON true
ORDER BY m.period DESC
