-- include figures/month.sql
-- The month of a statement, and the statement itself if the month is closed.
SELECT o.*, c.statement
FROM organization AS o LEFT JOIN periods AS c ON c.organization = o.organization AND c.period = o.period
