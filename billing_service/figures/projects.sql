-- include figures/month.sql
-- The figures of an organization's projects in one month, without a single line: sums and states only. One row: the
-- organization, and arrays of the projects that it owns now, or owned in the month of the request; or only of the first
-- %(most)s after the name %(after)s. A former life of a namespace (named_lives) is not in the list, in no month.
-- An unknown organization has no row. Figures are rounded here, once, half up, as
-- billing_service/money.py does: ten thousand decimals in Python would take longer than the query.
, ours AS ( -- one life of each namespace: the one that is in the list
    SELECT DISTINCT ON (w.namespace) w.namespace::text, w.life, true AS ours
    FROM organization AS o JOIN ownership AS w ON w.organization = %(organization)s::text
    WHERE CASE WHEN %(period)s::date IS NULL THEN w.validity @> o.moment
               ELSE w.validity && tstzrange(o.starts, greatest(least(o.ends, o.moment), o.starts + interval '1 hour'))
                    AND (w.namespace::text, w.life) IN (
                        SELECT n.namespace, n.life
                        FROM named_lives(%(organization)s::text, NULL, coalesce(%(now)s::timestamptz, now())) AS n
                    ) END
    ORDER BY w.namespace, lower(w.validity) DESC NULLS LAST
),
months AS (
    SELECT r.namespace, r.life, coalesce(sum(r.amount) FILTER (WHERE r.currency = o.currency), 0) AS total,
           sum(r.unrated) AS unrated
    FROM organization AS o JOIN rollup_monthly AS r ON r.organization = %(organization)s::text AND r.period = o.period
    GROUP BY r.namespace, r.life
),
states AS (
    SELECT d.namespace, d.life, d.last_day, d.last_hour, d.unrated
    FROM organization AS o JOIN project_state AS d ON d.organization = %(organization)s::text AND d.currency = o.currency
),
-- Everything that was used while the organization owned it, also in projects that are not in the list. Joined once: ten
-- thousand look-ups would take longer than the rest of the query.
used AS MATERIALIZED (
    SELECT namespace, life, coalesce(p.ours, false) AS ours, coalesce(m.total, 0) AS total,
           round(coalesce(m.total, 0), o.digits) AS shown, coalesce(d.last_day, 0) AS last_day,
           coalesce(d.last_hour, 0) AS last_hour, coalesce(m.unrated, 0) AS month_unrated,
           coalesce(d.unrated, 0) AS day_unrated, m.total IS NOT NULL AS has_usage
    FROM ours AS p
    FULL JOIN months AS m USING (namespace, life)
    FULL JOIN states AS d USING (namespace, life)
    CROSS JOIN organization AS o
),
whole AS (
    SELECT coalesce(sum(total), 0) AS all_total, coalesce(sum(shown), 0) AS all_rounded,
           coalesce(sum(month_unrated), 0) AS all_unrated, coalesce(sum(shown) FILTER (WHERE NOT ours), 0) AS former_rounded,
           coalesce(sum(last_day), 0) AS all_last_day, coalesce(sum(last_hour), 0) AS all_last_hour
    FROM used
),
corrections AS (
    SELECT coalesce(sum(a.amount), 0) AS all_adjustments
    FROM organization AS o, adjustments AS a
    WHERE a.organization = %(organization)s::text AND a.period = o.period AND a.currency = o.currency
),
listed AS (
    SELECT u.*, month_unrated + CASE WHEN o.period = o.this_period THEN day_unrated ELSE 0 END AS unrated,
           round(last_day, o.digits)::text AS day, round(last_hour, o.digits + %(rate_digits)s::integer)::text AS rate
    FROM organization AS o CROSS JOIN used AS u
    WHERE ours AND (%(after)s::text IS NULL OR namespace > %(after)s::text)
    ORDER BY namespace LIMIT %(most)s::integer
)
SELECT o.*, w.*, c.*, l.* -- arrays: ten thousand rows of all columns would take longer than the query
FROM organization AS o CROSS JOIN whole AS w CROSS JOIN corrections AS c
CROSS JOIN (
    SELECT coalesce(array_agg(namespace), '{}') AS namespaces, coalesce(array_agg(shown::text), '{}') AS totals,
           coalesce(array_agg(day), '{}') AS days, coalesce(array_agg(rate), '{}') AS rates,
           coalesce(array_agg(total > 0 AND shown = 0), '{}') AS almost_nothing,
           coalesce(array_agg(namespace) FILTER (WHERE unrated > 0), '{}') AS unrated,
           coalesce(array_agg(life) FILTER (WHERE unrated > 0), '{}') AS unrated_lives,
           coalesce(array_agg(namespace) FILTER (WHERE NOT has_usage), '{}') AS unused,
           coalesce(array_agg(life) FILTER (WHERE NOT has_usage), '{}') AS unused_lives,
           coalesce(array_agg(namespace) FILTER (WHERE greatest(total, last_day, last_hour) > %(largest)s::numeric), '{}')
               AS large
    FROM listed
) AS l
