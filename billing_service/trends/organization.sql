-- The usage of an organization by piece of a range and SKU. The sections of this file are the sources of the sums; usage.py
-- takes those that a range needs: months, days, and the lines of the hours of a day that is cut. skus null: all.
WITH sums AS (
-- section: months
    SELECT width_bucket(r.period::date, %(first_days)s::date[]) AS piece, r.sku, r.currency, r.quantity, r.amount,
           r.lines, r.unrated
    FROM organization_monthly AS r
    WHERE r.organization = %(organization)s AND r.period = ANY (%(whole_months)s::date[])
      AND r.sku = ANY (%(skus)s::smallint[]) -- only: skus
-- section: days
    SELECT width_bucket(r.day, %(first_days)s::date[]) AS piece, r.sku, r.currency, r.quantity, r.amount, r.lines,
           r.unrated
    FROM unnest(%(day_since)s::date[], %(day_until)s::date[]) AS s (since, until)
    JOIN organization_daily AS r ON r.organization = %(organization)s AND r.day >= s.since AND r.day < s.until
    WHERE r.sku = ANY (%(skus)s::smallint[]) -- only: skus
-- section: hours
    SELECT width_bucket(l.hour::timestamptz, %(moments)s::timestamptz[]) AS piece, l.sku, l.currency, l.quantity, l.amount,
           1 AS lines, (l.amount IS NULL)::integer AS unrated
    FROM unnest(%(hour_periods)s::date[], %(hour_since)s::timestamptz[], %(hour_until)s::timestamptz[])
        AS s (period, since, until)
    JOIN project_months AS h ON h.organization = %(organization)s AND h.period = s.period
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
    SELECT piece, NULL::text AS name, NULL::text AS namespace, NULL::smallint AS life, sku, currency,
           sum(quantity) AS quantity, -- only: quantities
           coalesce(sum(amount), 0) AS amount, sum(lines)::bigint AS lines, sum(unrated)::bigint AS unrated
    FROM sums GROUP BY 1, 2, 3, 4, 5, 6
)
-- section: single
),
cells AS (
    SELECT piece, NULL::text AS name, NULL::text AS namespace, NULL::smallint AS life, sku, currency,
           quantity, amount, lines, unrated
    FROM sums
)
