-- What the platform sells now. NULL kind: another member of the document, such as suspendedPlan.
SELECT p.kind, p.id, p.currency::text, p.monthly_price::numeric, p.document::text
FROM plan_prices AS p WHERE p.validity @> coalesce(%(now)s::timestamptz, now())
UNION ALL
SELECT NULL, m.name, NULL, NULL, m.document::text FROM plan_members AS m
ORDER BY 1, 2
