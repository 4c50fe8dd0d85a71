-- What a response about a range states: currency at its end, whether there was a plan in a part of it, and the state of the
-- month of its last hour.
SELECT %(organization)s::text AS organization, p.period, p.this_period, %(until)s::timestamptz AS ends,
       t.currency::text, t.time_zone, coalesce(m.digits, 2) AS digits, s.as_of, coalesce(v.version, 0) AS data_version,
       c.period IS NOT NULL AS closed, EXISTS (
           SELECT FROM subscriptions AS n WHERE n.organization = t.organization
             AND n.validity && tstzrange(%(since)s::timestamptz, greatest(e.moment, %(since)s::timestamptz) + interval '1 hour')
       ) AS on_plan
FROM (SELECT least(%(moment)s::timestamptz, %(until)s::timestamptz - interval '1 hour') AS moment) AS e
CROSS JOIN LATERAL (
    SELECT current_period(%(organization)s::text, %(moment)s::timestamptz) AS this_period,
           least(%(period)s::date, current_period(%(organization)s::text, %(moment)s::timestamptz)) AS period
) AS p
JOIN organization_terms AS t ON t.organization = %(organization)s AND t.validity @> e.moment
LEFT JOIN minor_units AS m ON m.currency = t.currency
LEFT JOIN organization_state AS s ON s.organization = t.organization
LEFT JOIN data_versions AS v ON v.organization = t.organization
LEFT JOIN periods AS c ON c.organization = t.organization AND c.period = p.period
