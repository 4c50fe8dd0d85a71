-- What a forecast depends on: what every response about an organization does (figures/tag.sql), and the prices. An announced
-- price changes no line, and so no data version.
SELECT coalesce(v.version, 0) AS version, t.currency::text, t.time_zone,
       current_period(t.organization, m.moment) AS this_period,
       (SELECT max(lower(w.validity)) FILTER (WHERE lower(w.validity) <= m.moment)
        FROM ownership AS w WHERE w.organization = t.organization) AS began,
       (SELECT max(upper(w.validity)) FILTER (WHERE upper(w.validity) <= m.moment)
        FROM ownership AS w WHERE w.organization = t.organization) AS ended,
       (SELECT n.validity FROM subscriptions AS n
        WHERE n.organization = t.organization AND n.validity @> m.moment) AS subscription,
       (SELECT md5(string_agg(concat_ws(' ', p.id, p.unit_price, p.validity, p.rating, (
                   SELECT string_agg(concat_ws(' ', s.from_quantity, s.unit_price), ',' ORDER BY s.from_quantity)
                   FROM price_steps AS s WHERE s.price = p.id
               )), ';' ORDER BY p.id))
        FROM prices AS p WHERE p.price_list IN ('', %(organization)s::text)) AS prices
FROM (SELECT coalesce(%(now)s::timestamptz, now()) AS moment) AS m
JOIN organization_terms AS t ON t.organization = %(organization)s AND t.validity @> m.moment
LEFT JOIN data_versions AS v ON v.organization = t.organization
WHERE %(namespace)s::text IS NULL OR EXISTS (
    SELECT FROM ownership AS w WHERE w.organization = t.organization AND w.namespace = %(namespace)s::text
)
