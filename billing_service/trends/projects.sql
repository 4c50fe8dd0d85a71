-- The usage of projects by piece of a range and SKU; sections as in organization.sql. namespaces null: all. lives: of a
-- project in each of the periods, null: all lives. own_names, own_lives: only these lives, null: all. by_project: a group for each life of a project.
-- by_sku: false adds the SKUs up.
WITH had AS ( -- the lives that have usage in a month
    SELECT h.period, h.namespace, h.life FROM project_months AS h
    WHERE h.organization = %(organization)s AND h.period = ANY (%(periods)s::date[])
      AND h.namespace = ANY (%(namespaces)s::text[]) -- only: namespaces
      AND (h.namespace, h.life) IN (SELECT * FROM unnest(%(own_names)s::text[], %(own_lives)s::smallint[])) -- only: own_names
      AND h.namespace <> ALL (%(without)s::text[])
      AND h.life = (%(lives)s::smallint[])[array_position(%(periods)s::date[], h.period::date)] -- only: lives
),
sums AS (
-- section: months
    SELECT width_bucket(r.period::date, %(first_days)s::date[]) AS piece, r.namespace, r.life, r.sku, r.currency,
           r.quantity, r.amount, r.lines, r.unrated
    FROM had AS h
    JOIN rollup_monthly AS r ON r.organization = %(organization)s AND r.period = h.period AND r.namespace = h.namespace
        AND r.life = h.life
    WHERE r.period = ANY (%(whole_months)s::date[])
      AND r.sku = ANY (%(skus)s::smallint[]) -- only: skus
-- section: days
    SELECT width_bucket(r.day, %(first_days)s::date[]) AS piece, r.namespace, r.life, r.sku, r.currency, r.quantity,
           r.amount, r.lines, r.unrated
    FROM unnest(%(day_periods)s::date[], %(day_since)s::date[], %(day_until)s::date[]) AS s (period, since, until)
    JOIN had AS h ON h.period = s.period
    JOIN rollup_daily AS r ON r.organization = %(organization)s AND r.namespace = h.namespace AND r.life = h.life
        AND r.day >= s.since AND r.day < s.until
    WHERE r.sku = ANY (%(skus)s::smallint[]) -- only: skus
-- section: hours
    SELECT width_bucket(l.hour::timestamptz, %(moments)s::timestamptz[]) AS piece, l.namespace, l.life, l.sku, l.currency,
           l.quantity, l.amount, 1 AS lines, (l.amount IS NULL)::integer AS unrated
    FROM unnest(%(hour_periods)s::date[], %(hour_since)s::timestamptz[], %(hour_until)s::timestamptz[])
        AS s (period, since, until)
    JOIN had AS h ON h.period = s.period
    CROSS JOIN LATERAL (
        SELECT u.hour, u.namespace, u.life, u.sku, u.currency, u.quantity, u.amount FROM usage_lines AS u
        WHERE u.organization = %(organization)s AND u.namespace = h.namespace AND u.life = h.life
          AND u.hour >= s.since AND u.hour < s.until
          AND u.sku = ANY (%(skus)s::smallint[]) -- only: skus
        OFFSET 0 -- a separate subquery: its partitions and its part of the index are found for each span
    ) AS l
-- section: groups
),
cells AS (
    SELECT piece, CASE WHEN %(by_project)s THEN namespace END AS name,
           CASE WHEN %(by_project)s THEN namespace END AS namespace, CASE WHEN %(by_project)s THEN life END AS life,
           CASE WHEN %(by_sku)s THEN sku END AS sku, currency,
           sum(quantity) AS quantity, -- only: quantities
           coalesce(sum(amount), 0) AS amount, sum(lines)::bigint AS lines, sum(unrated)::bigint AS unrated
    FROM sums GROUP BY 1, 2, 3, 4, 5, 6
)
-- section: single
),
cells AS (
    SELECT piece, CASE WHEN %(by_project)s THEN namespace END AS name,
           CASE WHEN %(by_project)s THEN namespace END AS namespace, CASE WHEN %(by_project)s THEN life END AS life,
           CASE WHEN %(by_sku)s THEN sku END AS sku, currency,
           quantity, amount, lines, unrated
    FROM sums
)
