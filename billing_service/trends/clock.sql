-- The present of an organization, and its local days of some moments. An unknown organization has no row.
SELECT a.moment, (a.moment AT TIME ZONE t.time_zone)::date AS today, s.as_of, coalesce(v.version, 0) AS data_version,
       ARRAY(
           SELECT (m.moment AT TIME ZONE coalesce(z.time_zone, 'UTC'))::date
           FROM unnest(%(moments)s::timestamptz[]) WITH ORDINALITY AS m (moment, place)
           LEFT JOIN organization_terms AS z ON z.organization = %(organization)s AND z.validity @> m.moment
           ORDER BY m.place
       ) AS days
FROM (SELECT coalesce(%(now)s::timestamptz, now()) AS moment) AS a
JOIN organization_terms AS t ON t.organization = %(organization)s AND t.validity @> a.moment
LEFT JOIN organization_state AS s ON s.organization = t.organization
LEFT JOIN data_versions AS v ON v.organization = t.organization
