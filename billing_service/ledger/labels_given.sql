-- The labels of `incoming_lines` by owner, in `labelled`. Labels of closed months stay as they are. Of two lines of the same
-- workload and hour with different labels, one is taken.
CREATE TEMPORARY TABLE labelled ON COMMIT DROP AS
SELECT DISTINCT ON (o.organization, o.namespace, o.life, i.workload, o.hour)
       o.organization, o.namespace, o.life, i.workload, o.hour, i.labels
FROM incoming_lines AS i JOIN owners AS o USING (namespace, hour, owned_at)
WHERE i.labels IS NOT NULL
  AND NOT EXISTS (SELECT FROM periods AS c WHERE c.organization = o.organization AND c.period = o.period)
ORDER BY o.organization, o.namespace, o.life, i.workload, o.hour, i.labels;

UPDATE quarantine AS q SET labels = i.labels FROM incoming_lines AS i
WHERE i.labels IS NOT NULL AND (q.namespace, q.hour, q.sku, q.workload, q.source, q.owned_at)
    = (i.namespace, i.hour, i.sku, i.workload, i.source, i.owned_at);
