-- The usage of projects by piece of a range and SKU from lines, as projects.sql, in groups by workload or by the value of a
-- label. A value begins with =, so that usage without the label, which is '', differs from an empty value.
-- names, spaces: only these groups, null: all. by_sku: as there.
WITH had AS (
    SELECT DISTINCT h.namespace, h.life FROM project_months AS h
    WHERE h.organization = %(organization)s AND h.period = ANY (%(periods)s::date[])
      AND (%(namespaces)s::text[] IS NULL OR h.namespace = ANY (%(namespaces)s::text[]))
      AND (%(lives)s::smallint[] IS NULL OR h.life = ANY (%(lives)s::smallint[]))
),
labelled AS MATERIALIZED ( -- by the hour: labels that change each hour must not be compared with each line
    SELECT w.namespace, w.life, w.workload, '=' || (w.labels ->> %(label)s::text) AS value, generate_series(
               greatest(lower(w.validity), %(since)s::timestamptz),
               least(upper(w.validity), %(until)s::timestamptz) - interval '1 hour', interval '1 hour'
           ) AS hour
    FROM workload_labels AS w
    WHERE w.organization = %(organization)s AND w.labels ->> %(label)s::text IS NOT NULL
      AND (%(namespaces)s::text[] IS NULL OR w.namespace = ANY (%(namespaces)s::text[]))
      AND w.validity && tstzrange(%(since)s::timestamptz, %(until)s::timestamptz)
),
sums AS (
    SELECT width_bucket(l.hour::timestamptz, %(moments)s::timestamptz[]) AS piece, l.namespace, l.life, l.sku, l.currency,
           l.quantity, l.amount, CASE %(kind)s::text WHEN 'workload' THEN l.workload WHEN 'project' THEN l.namespace
                                                     WHEN 'label' THEN coalesce(w.value, '') END AS name
    FROM had AS h
    JOIN usage_lines AS l ON l.organization = %(organization)s AND l.namespace = h.namespace AND l.life = h.life
        AND l.hour >= %(since)s::timestamptz AND l.hour < %(until)s::timestamptz
        AND (%(lives)s::smallint[] IS NULL
             OR l.life = (%(lives)s::smallint[])[width_bucket(l.hour::timestamptz, %(month_since)s::timestamptz[])])
    LEFT JOIN labelled AS w ON w.namespace = l.namespace AND w.life = l.life AND w.workload = l.workload
        AND w.hour = l.hour::timestamptz
),
cells AS (
    SELECT piece, name, CASE WHEN %(kind)s::text IN ('workload', 'project') THEN namespace END AS namespace,
           CASE WHEN %(kind)s::text = 'project' THEN life END AS life,
           CASE WHEN %(by_sku)s THEN sku END AS sku, currency, sum(quantity) AS quantity,
           coalesce(sum(amount), 0) AS amount, count(*) AS lines, count(*) FILTER (WHERE amount IS NULL) AS unrated
    FROM sums
    WHERE (%(names)s::text[] IS NULL OR (name, CASE WHEN %(kind)s::text = 'label' THEN '' ELSE namespace END)
           IN (SELECT * FROM unnest(%(names)s::text[], %(spaces)s::text[])))
    GROUP BY 1, 2, 3, 4, 5, 6
)
