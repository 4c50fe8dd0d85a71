-- Labels move with the lines that `changes` books to another owner, or that went to the quarantine.
CREATE TEMPORARY TABLE left_behind ON COMMIT DROP AS
SELECT DISTINCT c.organization, c.namespace, c.life, c.workload, c.hour::timestamptz AS hour, w.labels
FROM changes AS c
JOIN workload_labels AS w ON w.organization = c.organization AND w.namespace = c.namespace AND w.life = c.life
    AND w.workload = c.workload AND w.validity @> c.hour::timestamptz
WHERE c.new_quantity IS NULL;

CREATE TEMPORARY TABLE labelled ON COMMIT DROP AS
SELECT organization, namespace, life, workload, hour, NULL::jsonb AS labels FROM left_behind
UNION ALL
SELECT DISTINCT c.organization, c.namespace, c.life, c.workload, c.hour::timestamptz, b.labels
FROM changes AS c JOIN left_behind AS b ON b.namespace = c.namespace AND b.workload = c.workload AND b.hour = c.hour
WHERE c.new_quantity IS NOT NULL AND (c.organization, c.life) <> (b.organization, b.life);

UPDATE quarantine AS q SET labels = b.labels FROM left_behind AS b
WHERE q.namespace = b.namespace AND q.workload = b.workload AND q.hour = b.hour AND q.reason = 'not_owned';
DROP TABLE left_behind;
