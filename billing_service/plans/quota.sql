-- The newest reading of the platform's quotas, if it is of the last hour.
SELECT q.namespace, q.dimension, q.uid, q.used::numeric, q.hard::numeric, q.last_updated, q.read_at
FROM quota_usage AS q
WHERE q.organization = %(organization)s
  AND q.read_at > coalesce(%(now)s::timestamptz, now()) - interval '1 hour'
ORDER BY q.namespace, q.dimension
