-- The usage of a month in the hours without a subscription: only this is invoiced by usage. It reads lines, and is needed
-- only for a month with and without a subscription.
SELECT coalesce(sum(l.amount), 0) AS amount FROM usage_lines AS l
WHERE l.organization = %(organization)s AND l.currency = %(currency)s
  AND l.hour >= %(starts)s::timestamptz AND l.hour < %(ends)s::timestamptz
  AND NOT EXISTS (
      SELECT FROM subscriptions AS s WHERE s.organization = l.organization AND s.validity @> l.hour::timestamptz
  )
