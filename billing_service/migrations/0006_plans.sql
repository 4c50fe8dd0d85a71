-- What the platform sells, and what an organization has bought. Both are dated.
-- The document is kept as it was, with the members that this version does not use.
CREATE TABLE plan_prices (
    kind          text NOT NULL CHECK (kind IN ('plan', 'addon')),
    id            text NOT NULL,
    currency      iso4217_code NOT NULL,
    monthly_price unit_price NOT NULL CHECK (monthly_price < 1e9),
    document      jsonb NOT NULL,
    validity      validity NOT NULL,
    EXCLUDE USING gist (kind WITH =, id WITH =, validity WITH &&)
);

-- addons: {"turbo-x1": 3}. An organization without a row pays by usage.
CREATE TABLE subscriptions (
    organization rfc1123_label NOT NULL,
    validity     validity NOT NULL,
    plan         text NOT NULL,
    addons       jsonb NOT NULL,
    EXCLUDE USING gist (organization WITH =, validity WITH &&)
);

-- The part of a monthly price for the hours from `first` up to and without `last`, of a month of `hours` hours. Each hour
-- costs the same, with 9 decimals, and the last hour of the month has the remainder: all hours are exactly the price.
CREATE FUNCTION spread(price numeric, hours integer, first integer, last integer) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT trunc(price / hours, 9) * (last - first)
           + CASE WHEN first < last AND last = hours THEN price - trunc(price / hours, 9) * hours ELSE 0 END
$$;

-- The fees of an organization between two moments of a month: a row for each plan and add-on and each of its prices.
CREATE FUNCTION fees(whose text, starts timestamptz, ends timestamptz, until timestamptz)
RETURNS TABLE (
    kind text, id text, quantity integer, currency text, monthly_price numeric, since timestamptz, till timestamptz,
    hours integer, amount numeric
) LANGUAGE sql STABLE AS $$
    SELECT p.kind, p.id, i.quantity, p.currency::text, p.monthly_price::numeric, b.since, b.till,
           (extract(epoch FROM b.till - b.since) / 3600)::integer,
           i.quantity * spread(p.monthly_price, (extract(epoch FROM ends - starts) / 3600)::integer,
                               (extract(epoch FROM b.since - starts) / 3600)::integer,
                               (extract(epoch FROM b.till - starts) / 3600)::integer)
    FROM subscriptions AS s
    CROSS JOIN LATERAL (
        SELECT 'plan' AS kind, s.plan AS id, 1 AS quantity
        UNION ALL SELECT 'addon', key, value::integer FROM jsonb_each_text(s.addons)
    ) AS i
    JOIN plan_prices AS p ON p.kind = i.kind AND p.id = i.id AND p.validity && s.validity
    CROSS JOIN LATERAL (
        SELECT greatest(lower(s.validity), lower(p.validity), starts) AS since,
               least(upper(s.validity), upper(p.validity), ends, until) AS till
    ) AS b
    WHERE s.organization = whose AND b.since < b.till
    ORDER BY b.since, p.kind DESC, p.id
$$;

-- plan null: the organization pays by usage from then on.
CREATE FUNCTION set_subscription(whose text, new_plan text, new_addons jsonb, since timestamptz) RETURNS change
LANGUAGE plpgsql AS $$
DECLARE
    stored subscriptions;
    next timestamptz;
BEGIN
    SELECT * INTO stored FROM subscriptions WHERE organization = whose AND validity @> since;
    IF (stored.plan, stored.addons) IS NOT DISTINCT FROM (new_plan, CASE WHEN new_plan IS NOT NULL THEN new_addons END) THEN
        RETURN (NULL, NULL)::change;
    END IF;
    IF closed_after(whose, since) IS NOT NULL THEN
        RETURN (format('month %s is closed', closed_after(whose, since)), NULL)::change;
    END IF;
    SELECT min(lower(validity)) INTO next FROM subscriptions WHERE organization = whose AND lower(validity) > since;
    IF lower(stored.validity) = since THEN
        DELETE FROM subscriptions WHERE organization = whose AND validity = stored.validity;
    ELSIF stored.organization IS NOT NULL THEN
        UPDATE subscriptions SET validity = tstzrange(lower(stored.validity), since)
        WHERE organization = whose AND validity = stored.validity;
    END IF;
    IF new_plan IS NOT NULL THEN
        INSERT INTO subscriptions VALUES (whose, tstzrange(since, next), new_plan, new_addons);
    END IF;
    INSERT INTO data_versions AS v VALUES (whose, 1) ON CONFLICT (organization) DO UPDATE SET version = v.version + 1;
    RETURN (NULL, NULL)::change;
END
$$;

CREATE FUNCTION set_plan_price(
    what text, name text, code text, price numeric, entry jsonb, since timestamptz, now timestamptz
) RETURNS change LANGUAGE plpgsql AS $$
DECLARE
    stored plan_prices;
    next timestamptz;
    used text;
BEGIN
    IF NOT EXISTS (SELECT FROM plan_prices WHERE kind = what AND id = name) THEN
        INSERT INTO plan_prices VALUES (what, name, code, price, entry, '(,)');
        RETURN (NULL, NULL)::change;
    END IF;
    since := coalesce(since, date_trunc('hour', now, 'UTC'));
    SELECT * INTO stored FROM plan_prices WHERE kind = what AND id = name AND validity @> since;
    IF (stored.currency, stored.monthly_price, stored.document) IS NOT DISTINCT FROM (code, price, entry) THEN
        RETURN (NULL, NULL)::change;
    END IF;
    IF (stored.currency, stored.monthly_price) = (code, price) THEN -- another description, the same price
        UPDATE plan_prices SET document = entry WHERE kind = what AND id = name AND validity = stored.validity;
        RETURN (NULL, NULL)::change;
    END IF;
    SELECT s.organization INTO used FROM subscriptions AS s
    WHERE (what = 'plan' AND s.plan = name OR what = 'addon' AND s.addons ? name)
      AND s.validity && tstzrange(since, period_start(s.organization, current_period(s.organization, now)))
      AND since < period_start(s.organization, current_period(s.organization, now)) AND stored.id IS NOT NULL
    LIMIT 1;
    IF used IS NOT NULL THEN
        RETURN (format('%s had it in a month that is over: its price can only be ended', used), NULL)::change;
    END IF;
    SELECT min(lower(validity)) INTO next FROM plan_prices WHERE kind = what AND id = name AND lower(validity) > since;
    IF lower(stored.validity) = since THEN
        DELETE FROM plan_prices WHERE kind = what AND id = name AND validity = stored.validity;
    ELSIF stored.id IS NOT NULL THEN
        UPDATE plan_prices SET validity = tstzrange(lower(stored.validity), since)
        WHERE kind = what AND id = name AND validity = stored.validity;
    END IF;
    INSERT INTO plan_prices VALUES (what, name, code, price, entry, tstzrange(since, next));
    UPDATE data_versions AS v SET version = v.version + 1
    WHERE v.organization IN (
        SELECT s.organization FROM subscriptions AS s
        WHERE what = 'plan' AND s.plan = name OR what = 'addon' AND s.addons ? name
    );
    RETURN (NULL, NULL)::change;
END
$$;
