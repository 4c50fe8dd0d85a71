-- The budgets of an organization, or of some of its projects, with the states of their thresholds in their newest period.
-- namespaces null: all.
SELECT b.id, b.namespace, b.version, (
           SELECT jsonb_object_agg(s.threshold, s.state ORDER BY s.threshold)
           FROM budget_states AS s
           WHERE s.organization = b.organization AND s.budget = b.id AND s.version = b.version
             AND s.period_start = (
                 SELECT max(n.period_start) FROM budget_states AS n
                 WHERE n.organization = b.organization AND n.budget = b.id AND n.version = b.version
             )
       ) AS states
FROM budgets AS b
WHERE b.organization = %(organization)s
  AND (%(namespaces)s::text[] IS NULL OR b.namespace = ANY (%(namespaces)s::text[]))
ORDER BY b.id
