-- include figures/month.sql
-- The month of an organization, with the subscription that it has now.
SELECT o.*, n.plan, n.addons::text AS addons, n.document::text AS subscription, lower(n.validity) AS subscribed,
       (o.moment AT TIME ZONE o.time_zone)::date AS today
FROM organization AS o
LEFT JOIN subscriptions AS n ON n.organization = o.organization AND n.validity @> o.moment
