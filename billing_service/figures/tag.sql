-- What a response about an organization depends on. The version counts its data. The rest changes with the clock alone: the
-- running month and day, and the facts that have begun or ended by now.
SELECT coalesce(v.version, 0) AS version, t.currency::text, t.time_zone,
       current_period(t.organization, m.moment) AS this_period, (m.moment AT TIME ZONE t.time_zone)::date AS today,
       (SELECT max(lower(w.validity)) FILTER (WHERE lower(w.validity) <= m.moment)
        FROM ownership AS w WHERE w.organization = t.organization) AS began,
       (SELECT max(upper(w.validity)) FILTER (WHERE upper(w.validity) <= m.moment)
        FROM ownership AS w WHERE w.organization = t.organization) AS ended,
       (SELECT n.validity FROM subscriptions AS n
        WHERE n.organization = t.organization AND n.validity @> m.moment) AS subscription
FROM (SELECT coalesce(%(now)s::timestamptz, now()) AS moment) AS m
JOIN organization_terms AS t ON t.organization = %(organization)s AND t.validity @> m.moment
LEFT JOIN data_versions AS v ON v.organization = t.organization
WHERE %(namespace)s::text IS NULL OR EXISTS (
    SELECT FROM ownership AS w WHERE w.organization = t.organization AND w.namespace = %(namespace)s::text
)
