-- Of these projects, those of which no hour was ever stored, in any month. An hour of a meter is stored for all projects. A
-- project that came from another organization was metered there.
SELECT p.namespace FROM unnest(%(namespaces)s::text[], %(lives)s::smallint[]) AS p (namespace, life)
WHERE NOT EXISTS (
      SELECT FROM sources AS s
      WHERE s.first_hour < %(as_of)s::timestamptz AND (s.ended_at IS NULL OR EXISTS (
          SELECT FROM ownership AS w
          WHERE w.organization = %(organization)s AND w.namespace = p.namespace AND w.life = p.life
            AND w.validity && tstzrange(s.first_hour, s.ended_at)
      ))
  )
  AND NOT EXISTS (
      SELECT FROM project_months AS m
      WHERE m.organization = %(organization)s AND m.namespace = p.namespace AND m.life = p.life
  )
  AND NOT came_from_elsewhere(p.namespace, p.life, %(organization)s)
