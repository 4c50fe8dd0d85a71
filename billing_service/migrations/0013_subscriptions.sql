-- A subscription keeps what the platform's Organization resource had, with the members that this version does not use.
ALTER TABLE subscriptions ADD COLUMN document jsonb NOT NULL DEFAULT '{}';

-- As before, and an organization on `suspendedPlan` (suspended or canceled) pays 0: it has no entry in the catalogue.
CREATE OR REPLACE FUNCTION fees(whose text, starts timestamptz, ends timestamptz, until timestamptz)
RETURNS TABLE (
    kind text, id text, quantity integer, currency text, monthly_price numeric, since timestamptz, till timestamptz,
    hours integer, amount numeric
) LANGUAGE sql STABLE AS $$
    SELECT p.kind, p.id, i.quantity, p.currency, p.monthly_price, b.since, b.till,
           (extract(epoch FROM b.till - b.since) / 3600)::integer,
           i.quantity * spread(p.monthly_price, (extract(epoch FROM ends - starts) / 3600)::integer,
                               (extract(epoch FROM b.since - starts) / 3600)::integer,
                               (extract(epoch FROM b.till - starts) / 3600)::integer)
    FROM subscriptions AS s
    CROSS JOIN LATERAL (
        SELECT 'plan' AS kind, s.plan AS id, 1 AS quantity
        UNION ALL SELECT 'addon', key, value::integer FROM jsonb_each_text(s.addons)
    ) AS i
    JOIN (
        SELECT kind, id, currency::text, monthly_price::numeric, validity FROM plan_prices
        UNION ALL
        SELECT 'plan', 'suspendedPlan', t.currency, 0, t.validity FROM organization_terms AS t WHERE t.organization = whose
    ) AS p ON p.kind = i.kind AND p.id = i.id AND p.validity && s.validity
    CROSS JOIN LATERAL (
        SELECT greatest(lower(s.validity), lower(p.validity), starts) AS since,
               least(upper(s.validity), upper(p.validity), ends, until) AS till
    ) AS b
    WHERE s.organization = whose AND b.since < b.till
    ORDER BY b.since, p.kind DESC, p.id
$$;
