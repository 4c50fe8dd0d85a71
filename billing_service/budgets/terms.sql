-- Currency of an organization in the newest hour of a period, and the digits of the currency.
SELECT t.currency::text, coalesce(m.digits, 2) AS digits
FROM organization_terms AS t LEFT JOIN minor_units AS m ON m.currency = t.currency
WHERE t.organization = %(organization)s
  AND t.validity @> least(%(newest)s::timestamptz, %(ends)s::timestamptz - interval '1 hour')
