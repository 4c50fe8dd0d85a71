-- The usage of projects by piece of a range and SKU, from the sums of months and days. Only the hours of a day that is cut
-- are sums of lines. namespaces null: all. lives: the life of each piece, null: all lives. by_project: a group for each life
-- of a project.
WITH had AS ( -- the lives that have usage in a month
    SELECT h.period, h.namespace, h.life FROM project_months AS h
    WHERE h.organization = %(organization)s AND h.period = ANY (%(periods)s::date[])
      AND (%(namespaces)s::text[] IS NULL OR h.namespace = ANY (%(namespaces)s::text[]))
),
sums AS (
    SELECT width_bucket(r.period::date, %(periods)s::date[]) AS piece, r.namespace, r.life, r.sku, r.currency, r.quantity,
           r.amount, r.lines, r.unrated
    FROM rollup_monthly AS r
    WHERE r.organization = %(organization)s AND r.period = ANY (%(whole_months)s::date[])
      AND (%(namespaces)s::text[] IS NULL OR r.namespace = ANY (%(namespaces)s::text[]))
    UNION ALL
    SELECT width_bucket(r.day, %(first_days)s::date[]), r.namespace, r.life, r.sku, r.currency, r.quantity, r.amount,
           r.lines, r.unrated
    FROM unnest(%(day_periods)s::date[], %(day_since)s::date[], %(day_until)s::date[]) AS s (period, since, until)
    JOIN had AS h ON h.period = s.period
    JOIN rollup_daily AS r ON r.organization = %(organization)s AND r.namespace = h.namespace AND r.life = h.life
        AND r.day >= s.since AND r.day < s.until
    UNION ALL
    SELECT width_bucket(l.hour::timestamptz, %(moments)s::timestamptz[]), l.namespace, l.life, l.sku, l.currency,
           l.quantity, l.amount, 1, (l.amount IS NULL)::integer
    FROM unnest(%(hour_periods)s::date[], %(hour_since)s::timestamptz[], %(hour_until)s::timestamptz[])
        AS s (period, since, until)
    JOIN had AS h ON h.period = s.period
    JOIN usage_lines AS l ON l.organization = %(organization)s AND l.namespace = h.namespace AND l.life = h.life
        AND l.hour >= s.since AND l.hour < s.until
),
cells AS (
    SELECT piece, CASE WHEN %(by_project)s THEN namespace END AS name,
           CASE WHEN %(by_project)s THEN namespace END AS namespace, CASE WHEN %(by_project)s THEN life END AS life,
           sku, currency, sum(quantity) AS quantity, coalesce(sum(amount), 0) AS amount, sum(lines)::bigint AS lines,
           sum(unrated)::bigint AS unrated
    FROM sums
    WHERE %(lives)s::smallint[] IS NULL OR life = (%(lives)s::smallint[])[piece]
    GROUP BY 1, 2, 3, 4, 5, 6
)
