-- The fees of the months from `period` until a moment, exact, and what of them is before `as_of`.
SELECT coalesce(sum(f.amount), 0) AS amount, coalesce(sum(p.amount), 0) AS past, count(f.amount) AS number
FROM (
    SELECT period_start(%(organization)s, m.period::date) AS starts,
           period_start(%(organization)s, (m.period + interval '1 month')::date) AS ends
    FROM generate_series(%(period)s::date, %(last)s::date, interval '1 month') AS m (period)
) AS b
CROSS JOIN LATERAL (
    SELECT sum(amount) AS amount FROM fees(%(organization)s, b.starts, b.ends, least(b.ends, %(until)s::timestamptz))
    WHERE currency = %(currency)s
) AS f
CROSS JOIN LATERAL (
    SELECT sum(amount) AS amount FROM fees(%(organization)s, b.starts, b.ends, least(b.ends, %(as_of)s::timestamptz))
    WHERE currency = %(currency)s
) AS p
