-- The time of an organization's ledger: its newest hour decides, and never a clock. Without usage, the moment of the request.
-- An unknown organization has no row.
SELECT m.moment, s.as_of, m.newest, (m.newest AT TIME ZONE t.time_zone)::date AS day, t.currency::text,
       coalesce(u.digits, 2) AS digits, t.time_zone, coalesce(v.version, 0) AS version,
       (SELECT max(c.period) FROM periods AS c WHERE c.organization = t.organization) AS closed
FROM (SELECT coalesce(%(now)s::timestamptz, now()) AS moment) AS n
LEFT JOIN organization_state AS s ON s.organization = %(organization)s
CROSS JOIN LATERAL (SELECT n.moment, coalesce(s.as_of - interval '1 hour', n.moment) AS newest) AS m
JOIN organization_terms AS t ON t.organization = %(organization)s AND t.validity @> m.newest
LEFT JOIN minor_units AS u ON u.currency = t.currency
LEFT JOIN data_versions AS v ON v.organization = t.organization
