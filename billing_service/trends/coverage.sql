-- The hours of each month that should be there and are missing, and those that are known, as bits (project_months). It is
-- the definition of project_gaps for many projects: an hour is missing if it is missing for one of them, and known if it
-- is known for one of them. lives: the life in each month, null: all lives. own_names, own_lives: as in projects.sql.
WITH months AS MATERIALIZED (
    SELECT m.period, (m.period - interval '1 month')::date AS before, m.starts, m.ends, m.life,
           bit_index(m.starts, m.period) AS first_bit
    FROM unnest(%(periods)s::date[], %(starts)s::timestamptz[], %(ends)s::timestamptz[], %(lives)s::smallint[])
        AS m (period, starts, ends, life)
    WHERE m.starts < %(as_of)s::timestamptz
),
spans AS MATERIALIZED ( -- of each source
    SELECT m.period, s.ended_at, bit_index(s.first_hour, m.period) AS begins, coalesce(c.complete, 0::bit(772)) AS complete,
           bits_between(bit_index(s.first_hour, m.period), coalesce(bit_index(s.ended_at, m.period), 772)) AS counts
    FROM months AS m
    JOIN sources AS s
        ON s.first_hour < %(as_of)s::timestamptz AND (s.ended_at IS NULL OR s.ended_at > m.starts)
    LEFT JOIN source_months AS c ON c.source = s.source AND c.period = m.period
),
owned AS MATERIALIZED (
    SELECT w.namespace::text, w.life,
           CASE WHEN NOT bool_or(lower_inf(w.validity)) THEN date_trunc('hour', min(lower(w.validity))) END AS since,
           CASE WHEN NOT bool_or(upper_inf(w.validity)) THEN date_trunc('hour', max(upper(w.validity))) END AS until,
           count(*) > 1 AS returned
    FROM ownership AS w
    WHERE w.organization = %(organization)s
      AND w.namespace = ANY (%(namespaces)s::text[]) -- only: namespaces
      AND (w.namespace::text, w.life) IN (SELECT * FROM unnest(%(own_names)s::text[], %(own_lives)s::smallint[])) -- only: own_names
    GROUP BY w.namespace, w.life
),
kinds AS MATERIALIZED ( -- of projects that should have the same hours: their bits are looked at once
    SELECT s.period, s.since, s.until, s.goes_on, s.elsewhere,
           CASE WHEN NOT s.goes_on THEN nullif(position(B'1' IN s.hours), 0) - 1 END AS first_seen,
           bit_and(s.hours) AS all_seen, bit_or(s.hours) AS seen
    FROM ( -- goes_on: the hours are expected from the beginning of the month on
        SELECT m.period, b.period IS NOT NULL OR coalesce(get_bit(h.hours, m.first_bit) = 1, false) AS goes_on,
               coalesce(h.hours, 0::bit(772)) AS hours,
               CASE WHEN o.returned THEN unowned_bits(%(organization)s, o.namespace, o.life, m.period) END AS elsewhere,
               CASE WHEN o.since > m.starts THEN o.since END AS since, CASE WHEN o.until < m.ends THEN o.until END AS until
        FROM months AS m
        CROSS JOIN owned AS o
        LEFT JOIN project_months AS h ON h.organization = %(organization)s AND h.period = m.period
            AND h.namespace = o.namespace AND h.life = o.life
        LEFT JOIN project_months AS b ON b.organization = %(organization)s AND b.period = m.before
            AND b.namespace = o.namespace AND b.life = o.life
        WHERE o.life = m.life -- only: lives
    ) AS s
    GROUP BY 1, 2, 3, 4, 5, 6
),
expected AS (
    SELECT k.period, k.all_seen, k.seen, c.counted, c.complete, coalesce(k.elsewhere, 0::bit(772)) AS elsewhere,
           greatest(m.first_bit, bit_index(k.since, k.period),
                    CASE WHEN NOT k.goes_on THEN least(c.begins, k.first_seen) END) AS first,
           bit_index(least(m.ends, %(as_of)s::timestamptz, k.until), k.period) AS last
    FROM months AS m JOIN kinds AS k ON k.period = m.period
    CROSS JOIN LATERAL (
        SELECT min(s.begins) AS begins, coalesce(bit_or(s.counts), 0::bit(772)) AS counted,
               coalesce(bit_and(s.complete | ~s.counts), 0::bit(772)) AS complete
        FROM spans AS s WHERE s.period = k.period AND (k.since IS NULL OR s.ended_at IS NULL OR s.ended_at > k.since)
    ) AS c
    WHERE k.goes_on OR k.first_seen IS NOT NULL OR c.begins IS NOT NULL
)
SELECT e.period,
       bit_or(bits_between(e.first, e.last) & ~e.elsewhere & ~((e.all_seen & ~e.counted) | (e.complete & e.counted)))::text AS missing,
       bit_or(bits_between(e.first, e.last) & ~e.elsewhere & ( -- lines that moved to another owner leave their bits
           e.seen | (e.complete & e.counted)
       ))::text AS known
FROM expected AS e
GROUP BY e.period
