-- The usage of projects by piece of a range and SKU from lines, as projects.sql, in groups by workload or by the value of a
-- label. A value begins with =, so that usage without the label, which is '', differs from an empty value.
-- workloads: with or without their namespace. unlabelled: whether usage without labels fits the filters.
-- names, spaces: only these groups, null: all. by_sku: as there.
WITH had AS (
    SELECT DISTINCT h.namespace, h.life FROM project_months AS h
    WHERE h.organization = %(organization)s AND h.period = ANY (%(periods)s::date[])
      AND (%(namespaces)s::text[] IS NULL OR h.namespace = ANY (%(namespaces)s::text[]))
      AND (h.namespace, h.life) IN (SELECT * FROM unnest(%(own_names)s::text[], %(own_lives)s::smallint[])) -- only: own_names
      AND h.namespace <> ALL (%(without)s::text[])
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
fitting AS MATERIALIZED ( -- whether the labels of a workload fit the filters, by the hour; a pair for each wanted value
    SELECT w.namespace, w.life, w.workload, NOT EXISTS (
               SELECT FROM unnest(%(label_keys)s::text[]) AS k (key)
               WHERE NOT EXISTS (
                   SELECT FROM unnest(%(label_keys)s::text[], %(label_values)s::text[]) AS v (key, value)
                   WHERE v.key = k.key AND v.value = coalesce('=' || (w.labels ->> v.key), '')
               )
           ) AND NOT EXISTS (
               SELECT FROM unnest(%(without_keys)s::text[], %(without_values)s::text[]) AS v (key, value)
               WHERE v.value = coalesce('=' || (w.labels ->> v.key), '')
           ) AS fits, generate_series(
               greatest(lower(w.validity), %(since)s::timestamptz),
               least(upper(w.validity), %(until)s::timestamptz) - interval '1 hour', interval '1 hour'
           ) AS hour
    FROM workload_labels AS w
    WHERE %(by_label)s AND w.organization = %(organization)s
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
    LEFT JOIN fitting AS f ON f.namespace = l.namespace AND f.life = l.life AND f.workload = l.workload
        AND f.hour = l.hour::timestamptz
    WHERE (%(skus)s::smallint[] IS NULL OR l.sku = ANY (%(skus)s::smallint[]))
      AND (%(workloads)s::text[] IS NULL OR l.workload = ANY (%(workloads)s::text[])
           OR concat(l.namespace, '/', l.workload) = ANY (%(workloads)s::text[]))
      AND l.workload <> ALL (%(without_workloads)s::text[])
      AND concat(l.namespace, '/', l.workload) <> ALL (%(without_workloads)s::text[])
      AND coalesce(f.fits, %(unlabelled)s)
),
cells AS (
    SELECT piece, name, CASE WHEN %(kind)s::text IN ('workload', 'project') THEN namespace END AS namespace,
           CASE WHEN %(kind)s::text = 'project' THEN life END AS life,
           CASE WHEN %(by_sku)s THEN sku END AS sku, currency,
           sum(quantity) AS quantity, -- only: quantities
           coalesce(sum(amount), 0) AS amount, count(*) AS lines, count(*) FILTER (WHERE amount IS NULL) AS unrated
    FROM sums
    WHERE (%(names)s::text[] IS NULL OR (name, CASE WHEN %(kind)s::text = 'label' THEN '' ELSE namespace END)
           IN (SELECT * FROM unnest(%(names)s::text[], %(spaces)s::text[])))
    GROUP BY 1, 2, 3, 4, 5, 6
)
