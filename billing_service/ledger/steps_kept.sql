-- Keeps where the lines are that are in several steps of their price.
UPDATE usage_lines AS l SET month_before = r.kept
FROM (SELECT *, CASE WHEN steps > 1 THEN month_before END AS kept FROM rated) AS r
WHERE l.organization = r.organization AND l.namespace = r.namespace AND l.life = r.life AND l.hour = r.hour
  AND l.sku = r.sku AND l.workload = r.workload AND l.source = r.source
  AND l.hour >= %(first)s::timestamptz AND l.month_before IS DISTINCT FROM r.kept;
DROP TABLE rated, months;
