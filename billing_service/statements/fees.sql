-- The fees of a month: plan and add-ons, by the hour. The complete month, also while it runs.
SELECT f.* FROM fees(%(organization)s, %(starts)s, %(ends)s, %(ends)s) AS f
