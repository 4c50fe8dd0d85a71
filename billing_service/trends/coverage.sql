-- The hours of each month that should be there and are missing, and those that are known, as bits (project_months). It is
-- the definition of project_gaps for many projects: an hour is missing if it is missing for one of them, and known if it
-- is known for one of them. lives: the life in each month, null: all lives.
WITH months AS (
    SELECT m.period, m.starts, m.ends, m.life
    FROM unnest(%(periods)s::date[], %(starts)s::timestamptz[], %(ends)s::timestamptz[], %(lives)s::smallint[])
        AS m (period, starts, ends, life)
),
covered AS MATERIALIZED (
    SELECT m.period, (m.period - interval '1 month')::date AS before, m.starts, m.ends, m.life,
           bit_index(m.starts, m.period) AS first_bit, bit_index(min(s.first_hour), m.period) AS begins,
           bit_and(coalesce(c.complete, 0::bit(772)) | bits_between(0, bit_index(s.first_hour, m.period))) AS complete
    FROM months AS m
    LEFT JOIN sources AS s ON s.first_hour < %(as_of)s::timestamptz
    LEFT JOIN source_months AS c ON c.source = s.source AND c.period = m.period
    WHERE m.starts < %(as_of)s::timestamptz
    GROUP BY m.period, m.starts, m.ends, m.life
),
owned AS MATERIALIZED (
    SELECT w.namespace::text, w.life,
           CASE WHEN NOT bool_or(lower_inf(w.validity)) THEN date_trunc('hour', min(lower(w.validity))) END AS since,
           CASE WHEN NOT bool_or(upper_inf(w.validity)) THEN date_trunc('hour', max(upper(w.validity))) END AS until
    FROM ownership AS w
    WHERE w.organization = %(organization)s
      AND (%(namespaces)s::text[] IS NULL OR w.namespace = ANY (%(namespaces)s::text[]))
    GROUP BY w.namespace, w.life
),
seen AS ( -- goes_on: the hours are expected from the beginning of the month on
    SELECT c.period, o.since, o.until, h.hours, get_bit(h.hours, c.first_bit) = 1 OR EXISTS (
               SELECT FROM project_months AS b WHERE b.organization = %(organization)s AND b.period = c.before
                   AND b.namespace = o.namespace AND b.life = o.life
           ) AS goes_on
    FROM covered AS c
    JOIN project_months AS h ON h.organization = %(organization)s AND h.period = c.period
    JOIN owned AS o ON o.namespace = h.namespace AND o.life = h.life AND (%(lives)s::smallint[] IS NULL OR o.life = c.life)
    UNION ALL
    SELECT c.period, o.since, o.until, 0::bit(772), EXISTS (
               SELECT FROM project_months AS b WHERE b.organization = %(organization)s AND b.period = c.before
                   AND b.namespace = o.namespace AND b.life = o.life
           )
    FROM covered AS c
    JOIN owned AS o ON %(lives)s::smallint[] IS NULL OR o.life = c.life
    WHERE NOT EXISTS (
        SELECT FROM project_months AS h WHERE h.organization = %(organization)s AND h.period = c.period
            AND h.namespace = o.namespace AND h.life = o.life
    )
),
kinds AS MATERIALIZED ( -- of projects that should have the same hours: their bits are looked at once
    SELECT s.period, s.since, s.until, s.goes_on,
           CASE WHEN NOT s.goes_on THEN nullif(position(B'1' IN s.hours), 0) - 1 END AS first_seen,
           bit_and(s.hours) AS all_seen, bit_or(s.hours) AS seen
    FROM seen AS s
    GROUP BY 1, 2, 3, 4, 5
),
expected AS (
    SELECT c.period, c.begins, c.complete, k.all_seen, k.seen,
           greatest(
               c.first_bit, coalesce(bit_index(k.since, c.period), 0),
               CASE WHEN NOT k.goes_on THEN least(c.begins, k.first_seen) END
           ) AS first,
           bit_index(least(c.ends, %(as_of)s::timestamptz, k.until), c.period) AS last
    FROM covered AS c JOIN kinds AS k ON k.period = c.period
    WHERE k.goes_on OR k.first_seen IS NOT NULL OR c.begins IS NOT NULL
)
SELECT e.period,
       bit_or(bits_between(e.first, e.last) & ~(
           CASE WHEN e.begins IS NULL THEN e.all_seen
                ELSE (e.all_seen & bits_between(0, e.begins)) | (e.complete & bits_between(e.begins, 772)) END
       ))::text AS missing,
       bit_or(bits_between(e.first, e.last) & ( -- lines that moved to another owner leave their bits
           e.seen | CASE WHEN e.begins IS NULL THEN 0::bit(772) ELSE e.complete & bits_between(e.begins, 772) END
       ))::text AS known
FROM expected AS e
GROUP BY e.period
