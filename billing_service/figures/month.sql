-- The month of an organization: its bounds, currency, time zone and state. An unknown organization has no row. This is the
-- beginning of other queries: they name it in their first line.
WITH asked AS (
    SELECT coalesce(%(now)s::timestamptz, now()) AS moment, %(organization)s::text AS organization,
           current_period(%(organization)s::text, coalesce(%(now)s::timestamptz, now())) AS this_period
),
bounds AS (
    SELECT a.*, p.period, period_start(a.organization, p.period) AS starts,
           period_start(a.organization, (p.period + interval '1 month')::date) AS ends
    FROM asked AS a, LATERAL (SELECT coalesce(%(period)s::date, a.this_period) AS period) AS p
),
organization AS MATERIALIZED (
    SELECT b.*, t.currency::text, t.time_zone, coalesce(m.digits, 2) AS digits, s.as_of, s.first_hour,
           coalesce(v.version, 0) AS data_version, c.period IS NOT NULL AS closed, EXISTS (
               SELECT FROM subscriptions AS n WHERE n.organization = b.organization
                   AND n.validity && tstzrange(b.starts, greatest(least(b.moment, b.ends), b.starts + interval '1 hour'))
           ) AS on_plan -- in a part of the month: not all of it is invoiced
    FROM bounds AS b
    JOIN organization_terms AS t
        ON t.organization = b.organization AND t.validity @> least(b.moment, b.ends - interval '1 hour')
    LEFT JOIN minor_units AS m ON m.currency = t.currency
    LEFT JOIN organization_state AS s ON s.organization = b.organization
    LEFT JOIN data_versions AS v ON v.organization = b.organization
    LEFT JOIN periods AS c ON c.organization = b.organization AND c.period = b.period
)
