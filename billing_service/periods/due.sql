-- The months that are over for at least %(days)s days and are not closed, of every organization that has usage,
-- adjustments or a subscription. The month of the first of them is the first one.
SELECT s.organization, m.period::date AS period,
       coalesce((SELECT sum(u.unrated) FROM organization_monthly AS u
                 WHERE u.organization = s.organization AND u.period = m.period::date), 0) AS unrated
FROM (
    SELECT organization, min(period) AS first FROM (
        SELECT organization, current_period(organization, first_hour) AS period FROM organization_state
        UNION ALL SELECT organization, period FROM adjustments
        UNION ALL SELECT organization, current_period(organization, lower(validity)) FROM subscriptions
        WHERE lower(validity) <= %(now)s
    ) AS begun GROUP BY organization
) AS s,
LATERAL generate_series(s.first::timestamp, current_period(s.organization, %(now)s)::timestamp, interval '1 month')
    AS m (period)
WHERE period_start(s.organization, (m.period + interval '1 month')::date) + make_interval(days => %(days)s) <= %(now)s
  AND NOT EXISTS (
      SELECT FROM periods AS c WHERE c.organization = s.organization AND c.period = m.period::date
  )
ORDER BY m.period, s.organization
