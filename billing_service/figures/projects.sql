-- include figures/month.sql
-- The exact figures of an organization's projects in one month, without a single line: sums and states only. One row: the
-- organization, and arrays of the projects that it owns now, or owned in the month of the request; or only of the first
-- %(most)s after the name %(after)s. An unknown organization has no row.
, ours AS MATERIALIZED ( -- one life of each namespace: the one that is in the list
    SELECT DISTINCT ON (w.namespace) w.namespace::text, w.life
    FROM organization AS o JOIN ownership AS w ON w.organization = %(organization)s::text
    WHERE CASE WHEN %(period)s::date IS NULL THEN w.validity @> o.moment
               ELSE w.validity && tstzrange(o.starts, greatest(least(o.ends, o.moment), o.starts + interval '1 hour')) END
    ORDER BY w.namespace, lower(w.validity) DESC NULLS LAST
),
owned AS MATERIALIZED (
    SELECT namespace, life FROM ours
    WHERE %(after)s::text IS NULL OR namespace > %(after)s::text
    ORDER BY namespace LIMIT %(most)s::integer
),
months AS MATERIALIZED (
    SELECT r.namespace, r.life, coalesce(sum(r.amount) FILTER (WHERE r.currency = o.currency), 0) AS total,
           sum(r.unrated) AS unrated
    FROM organization AS o JOIN rollup_monthly AS r ON r.organization = %(organization)s::text AND r.period = o.period
    GROUP BY r.namespace, r.life
),
whole AS ( -- everything that was used while the organization owned it, also in projects that are not in the list
    SELECT coalesce(sum(m.total), 0) AS all_total, coalesce(sum(round(m.total, o.digits)), 0) AS all_rounded,
           coalesce(sum(m.unrated), 0) AS all_unrated,
           coalesce(sum(round(m.total, o.digits)) FILTER (
               WHERE (m.namespace, m.life) NOT IN (SELECT namespace, life FROM ours)
           ), 0) AS former_rounded
    FROM organization AS o, months AS m
),
states AS MATERIALIZED ( -- read once: ten thousand look-ups would take longer than the rest of the query
    SELECT d.namespace, d.life, d.last_day, d.last_hour, d.unrated
    FROM organization AS o, project_state AS d
    WHERE d.organization = %(organization)s::text AND d.currency = o.currency
),
last AS (
    SELECT coalesce(sum(last_day), 0) AS all_last_day, coalesce(sum(last_hour), 0) AS all_last_hour FROM states
),
corrections AS (
    SELECT coalesce(sum(a.amount), 0) AS all_adjustments
    FROM organization AS o, adjustments AS a
    WHERE a.organization = %(organization)s::text AND a.period = o.period AND a.currency = o.currency
),
listed AS (
    SELECT p.namespace, p.life, coalesce(m.total, 0) AS total, coalesce(d.last_day, 0) AS last_day,
           coalesce(d.last_hour, 0) AS last_hour,
           coalesce(m.unrated, 0) + CASE WHEN o.period = o.this_period THEN coalesce(d.unrated, 0) ELSE 0 END AS unrated,
           m.namespace IS NOT NULL AS has_usage
    FROM organization AS o
    CROSS JOIN owned AS p
    LEFT JOIN months AS m ON m.namespace = p.namespace AND m.life = p.life
    LEFT JOIN states AS d ON d.namespace = p.namespace AND d.life = p.life
    ORDER BY p.namespace
)
SELECT o.*, w.*, s.*, c.*, l.* -- arrays: ten thousand rows of all columns would take longer than the query
FROM organization AS o CROSS JOIN whole AS w CROSS JOIN last AS s CROSS JOIN corrections AS c
CROSS JOIN (
    SELECT coalesce(array_agg(namespace), '{}') AS namespaces, coalesce(array_agg(life), '{}') AS lives,
           coalesce(array_agg(total), '{}') AS totals, coalesce(array_agg(last_day), '{}') AS last_days,
           coalesce(array_agg(last_hour), '{}') AS last_hours, coalesce(array_agg(unrated), '{}') AS unrated,
           coalesce(array_agg(has_usage), '{}') AS have_usage
    FROM listed
) AS l
