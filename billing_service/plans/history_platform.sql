-- The largest request of each day, as the platform measured it: complete days of the organization's time zone.
SELECT d.dimension, d.day, d.used::numeric AS used FROM quota_days AS d
WHERE d.organization = %(organization)s AND d.uid = %(uid)s
  AND d.day < %(today)s::date AND d.day >= %(today)s::date - %(days)s::integer
ORDER BY 1, 2
