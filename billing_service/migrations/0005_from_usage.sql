-- Moves the rows of the first schema into the ledger. Each is valid since ever, as it was used until now.
INSERT INTO organization_terms SELECT name, '(,)', currency, 'UTC' FROM organizations;
ALTER TABLE organizations DROP COLUMN currency;

INSERT INTO ownership SELECT namespace, organization, '', 1, '(,)' FROM old_projects;

INSERT INTO prices (id, sku, currency, unit_price, validity)
SELECT row_number() OVER (ORDER BY p.currency, p.resource, p.valid_from), s.id, p.currency, p.unit_price,
       tstzrange(p.valid_from, lead(p.valid_from) OVER (PARTITION BY p.currency, p.resource ORDER BY p.valid_from))
FROM old_prices AS p JOIN skus AS s ON s.code = p.resource::text;

INSERT INTO instances
SELECT p.organization, i.namespace, i.running_pods, i.running_vms, i.cpu_cores, i.memory_gib, NULL
FROM old_instances AS i JOIN old_projects AS p USING (namespace);

SELECT ensure_partitions(min(hour), max(hour)) FROM old_usage;

INSERT INTO usage_lines
SELECT o.organization, u.namespace, 1, u.hour, s.id, '-', 'csv', u.quantity, t.currency, p.id,
       CASE WHEN u.quantity = 0 THEN 0 ELSE u.quantity * p.unit_price END
FROM old_usage AS u
JOIN old_projects AS o USING (namespace)
JOIN organization_terms AS t USING (organization)
JOIN skus AS s ON s.code = u.resource::text
LEFT JOIN prices AS p ON p.sku = s.id AND p.currency = t.currency AND p.validity @> u.hour::timestamptz;

INSERT INTO rollup_daily
SELECT organization, namespace, life, (hour AT TIME ZONE 'UTC')::date, sku, currency,
       sum(quantity), coalesce(sum(amount), 0), count(*), count(*) FILTER (WHERE amount IS NULL)
FROM usage_lines GROUP BY 1, 2, 3, 4, 5, 6;

INSERT INTO rollup_monthly
SELECT organization, date_trunc('month', day)::date, namespace, life, sku, currency,
       sum(quantity), sum(amount), sum(lines), sum(unrated)
FROM rollup_daily GROUP BY 1, 2, 3, 4, 5, 6;

INSERT INTO organization_daily
SELECT organization, day, sku, currency, sum(quantity), sum(amount), sum(lines), sum(unrated)
FROM rollup_daily GROUP BY 1, 2, 3, 4;

INSERT INTO organization_monthly
SELECT organization, period, sku, currency, sum(quantity), sum(amount), sum(lines), sum(unrated)
FROM rollup_monthly GROUP BY 1, 2, 3, 4;

INSERT INTO project_months
SELECT organization, period, namespace, life, bit_or(bit_of(hour, period))
FROM (
    SELECT DISTINCT organization, date_trunc('month', hour AT TIME ZONE 'UTC')::date AS period, namespace, life, hour
    FROM usage_lines
) AS seen GROUP BY 1, 2, 3, 4;

INSERT INTO organization_state
SELECT organization, min(hour), max(hour) + interval '1 hour' FROM usage_lines GROUP BY 1;

INSERT INTO recent_hours
SELECT l.organization, l.namespace, l.life, l.hour, l.currency, coalesce(sum(l.amount), 0),
       coalesce(sum(l.amount) FILTER (WHERE l.sku IN (1, 2)), 0), count(*) FILTER (WHERE l.amount IS NULL)
FROM usage_lines AS l JOIN organization_state AS s USING (organization)
WHERE l.hour >= s.as_of - interval '24 hours' GROUP BY 1, 2, 3, 4, 5;

INSERT INTO project_state
SELECT r.organization, r.namespace, r.life, r.currency, sum(r.amount),
       coalesce(sum(r.amount) FILTER (WHERE r.hour = s.as_of - interval '1 hour'), 0),
       coalesce(sum(r.compute) FILTER (WHERE r.hour = s.as_of - interval '1 hour'), 0), sum(r.unrated)
FROM recent_hours AS r JOIN organization_state AS s USING (organization) GROUP BY 1, 2, 3, 4;

INSERT INTO data_versions SELECT name, 1 FROM organizations;

DROP TABLE old_usage, old_instances, old_prices, old_projects;
DROP TYPE resource;
DROP DOMAIN amount;
