-- Brings the last 24 hours of the organizations in `touched` up to their as_of, and counts their data versions.
ANALYZE touched;

DELETE FROM recent_hours AS r USING organization_state AS s, touched AS t
WHERE t.organization = s.organization AND r.organization = s.organization AND r.hour < s.as_of - interval '24 hours';

CREATE TEMPORARY TABLE fresh ON COMMIT DROP AS
SELECT r.organization, r.namespace, r.life, r.currency, sum(r.amount) AS last_day,
       coalesce(sum(r.amount) FILTER (WHERE r.hour = s.as_of - interval '1 hour'), 0) AS last_hour,
       coalesce(sum(r.compute) FILTER (WHERE r.hour = s.as_of - interval '1 hour'), 0) AS last_compute,
       sum(r.unrated) AS unrated
FROM touched JOIN organization_state AS s USING (organization) JOIN recent_hours AS r USING (organization)
GROUP BY 1, 2, 3, 4;
ANALYZE fresh;

DELETE FROM project_state AS p USING touched AS t
WHERE t.organization = p.organization AND NOT EXISTS (
    SELECT FROM fresh AS f WHERE (f.organization, f.namespace, f.life, f.currency)
        = (p.organization, p.namespace, p.life, p.currency)
);
INSERT INTO project_state AS p SELECT * FROM fresh
ON CONFLICT (organization, namespace, life, currency) DO UPDATE
SET last_day = excluded.last_day, last_hour = excluded.last_hour, last_compute = excluded.last_compute,
    unrated = excluded.unrated;

INSERT INTO data_versions AS v SELECT organization, 1 FROM touched ORDER BY 1
ON CONFLICT (organization) DO UPDATE SET version = v.version + 1;

DROP TABLE touched, fresh;
