-- The uid of each life of some projects. It is empty if it is not known.
SELECT w.namespace::text, w.life, max(w.uid) AS uid FROM ownership AS w
WHERE w.organization = %(organization)s AND w.namespace = ANY (%(namespaces)s::text[])
GROUP BY w.namespace, w.life
