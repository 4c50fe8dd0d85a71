-- Writes `labelled` to the labels of the workloads: what an hour has now replaces what it had. Null labels: it has none.
CREATE TEMPORARY TABLE relabelled ON COMMIT DROP AS
WITH stated AS (
    SELECT organization, namespace, life, workload, range_agg(tstzrange(hour, hour + interval '1 hour')) AS hours
    FROM labelled GROUP BY 1, 2, 3, 4
),
pieces AS (
    SELECT organization, namespace, life, workload, labels, tstzrange(hour, hour + interval '1 hour') AS validity
    FROM labelled WHERE labels IS NOT NULL
    UNION ALL
    SELECT w.organization, w.namespace, w.life, w.workload, w.labels,
           unnest(tstzmultirange(w.validity::tstzrange) - s.hours)
    FROM workload_labels AS w JOIN stated AS s USING (organization, namespace, life, workload)
)
SELECT organization, namespace, life, workload, labels, unnest(range_agg(validity)) AS validity
FROM pieces GROUP BY 1, 2, 3, 4, 5;

CREATE TEMPORARY TABLE unlabelled ON COMMIT DROP AS -- rows that are not as they were
SELECT w.organization, w.namespace, w.life, w.workload, w.validity::tstzrange AS validity
FROM workload_labels AS w
JOIN (SELECT DISTINCT organization, namespace, life, workload FROM labelled) AS k
    USING (organization, namespace, life, workload)
WHERE NOT EXISTS (
    SELECT FROM relabelled AS r WHERE (r.organization, r.namespace, r.life, r.workload, r.labels, r.validity)
        = (w.organization, w.namespace, w.life, w.workload, w.labels, w.validity::tstzrange)
);
DELETE FROM relabelled AS r USING workload_labels AS w
WHERE (r.organization, r.namespace, r.life, r.workload, r.labels, r.validity)
    = (w.organization, w.namespace, w.life, w.workload, w.labels, w.validity::tstzrange);

DELETE FROM workload_labels AS w USING unlabelled AS u
WHERE (u.organization, u.namespace, u.life, u.workload, u.validity)
    = (w.organization, w.namespace, w.life, w.workload, w.validity::tstzrange);
INSERT INTO workload_labels (organization, namespace, life, workload, labels, validity)
SELECT organization, namespace, life, workload, labels, validity FROM relabelled
ORDER BY organization, namespace, life, workload, validity;

INSERT INTO touched
(SELECT organization FROM unlabelled UNION SELECT organization FROM relabelled) EXCEPT SELECT organization FROM touched;
DROP TABLE labelled, relabelled, unlabelled;
