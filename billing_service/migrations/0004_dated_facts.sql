-- Changes of dated facts. Each function changes one fact from a moment on. It returns the reason why it refused, or the
-- moment from which stored lines have to be booked again. Both are null if nothing changed, or if no line can be affected.
CREATE TYPE change AS (refused text, rebook timestamptz);

-- Lines and days belong to whole hours: the offset must be a whole number of hours at every moment (looked at from 2000
-- to 2050, by day). Null: the zone is good.
CREATE FUNCTION zone_problem(zone text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF zone !~ '^(UTC|[A-Za-z_]+/[-+A-Za-z0-9_/]+)$' THEN
        RETURN 'must be an IANA time zone like Europe/Berlin, or UTC';
    END IF;
    IF EXISTS (
        SELECT FROM generate_series('2000-01-01Z'::timestamptz, '2050-01-01Z'::timestamptz, interval '1 day') AS t
        WHERE extract(epoch FROM (t AT TIME ZONE zone) - (t AT TIME ZONE 'UTC'))::integer % 3600 <> 0
    ) THEN
        RETURN 'has offsets from UTC that are not whole hours, and usage is metered in hours of UTC';
    END IF;
    RETURN NULL;
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN 'is not a time zone of the IANA database';
END
$$;

CREATE FUNCTION current_period(whose text, moment timestamptz) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT date_trunc('month', moment AT TIME ZONE coalesce(
        (SELECT time_zone FROM organization_terms WHERE organization = whose AND validity @> moment), 'UTC'))::date
$$;

-- The newest closed month that ends after the moment, as text; null: there is none.
CREATE FUNCTION closed_after(whose text, moment timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(max(period), 'YYYY-MM') FROM periods
    WHERE organization = whose AND period_start(whose, (period + interval '1 month')::date) > moment
$$;

-- zone null: the zone that there is. since null: from the running hour on, a new zone from the next month on; from ever
-- on if the organization has no usage yet.
CREATE FUNCTION set_terms(whose text, new_currency text, zone text, since timestamptz, now timestamptz)
RETURNS change LANGUAGE plpgsql AS $$
DECLARE
    stored organization_terms;
    start timestamptz;
    booked organization_state;
    month timestamp;
BEGIN
    INSERT INTO organizations VALUES (whose) ON CONFLICT DO NOTHING;
    SELECT * INTO booked FROM organization_state WHERE organization = whose;
    SELECT * INTO stored FROM organization_terms WHERE organization = whose AND validity @> coalesce(since, now);
    IF stored IS NULL OR (since IS NULL AND booked IS NULL) THEN
        IF stored IS NULL OR (stored.currency, stored.time_zone) <> (new_currency, coalesce(zone, stored.time_zone)) THEN
            DELETE FROM organization_terms WHERE organization = whose;
            INSERT INTO organization_terms VALUES (whose, '(,)', new_currency, coalesce(zone, stored.time_zone, 'UTC'));
            INSERT INTO data_versions AS v VALUES (whose, 1)
            ON CONFLICT (organization) DO UPDATE SET version = v.version + 1;
        END IF;
        RETURN (NULL, NULL)::change;
    END IF;
    zone := coalesce(zone, stored.time_zone);
    IF (stored.currency, stored.time_zone) = (new_currency, zone) THEN
        RETURN (NULL, NULL)::change;
    END IF;
    start := coalesce(since, date_trunc('hour', now, 'UTC'));
    IF zone <> stored.time_zone THEN
        IF since IS NULL THEN
            start := least((current_period(whose, now) + interval '1 month') AT TIME ZONE stored.time_zone,
                           (current_period(whose, now) + interval '1 month') AT TIME ZONE zone);
        ELSE
            month := date_trunc('month', (start + interval '15 days') AT TIME ZONE zone);
            IF start NOT IN (month AT TIME ZONE zone, month AT TIME ZONE stored.time_zone) THEN
                RETURN ('a new time zone begins with a month', NULL)::change;
            END IF;
            start := least(month AT TIME ZONE zone, month AT TIME ZONE stored.time_zone);
        END IF;
        IF start < booked.as_of THEN
            RETURN ('usage is already booked in the old time zone: begin with a later month', NULL)::change;
        END IF;
    END IF;
    IF closed_after(whose, start) IS NOT NULL THEN
        RETURN (format('month %s is closed', closed_after(whose, start)), NULL)::change;
    END IF;
    IF lower(stored.validity) = start THEN
        UPDATE organization_terms SET currency = new_currency, time_zone = zone
        WHERE organization = whose AND validity = stored.validity;
    ELSE
        UPDATE organization_terms SET validity = tstzrange(lower(stored.validity), start)
        WHERE organization = whose AND validity = stored.validity;
        INSERT INTO organization_terms
        VALUES (whose, tstzrange(start, upper(stored.validity)), new_currency, zone);
    END IF;
    INSERT INTO data_versions AS v VALUES (whose, 1) ON CONFLICT (organization) DO UPDATE SET version = v.version + 1;
    RETURN (NULL, start)::change;
END
$$;

-- since null: from the running hour on; from ever on if the namespace has no usage yet. ends: the project ends then.
-- new_uid null: the project is the one that there is.
CREATE FUNCTION set_owner(
    name text, whose text, new_uid text, since timestamptz, ends timestamptz, now timestamptz
) RETURNS change LANGUAGE plpgsql AS $$
DECLARE
    stored ownership;
    before ownership;
    start timestamptz := coalesce(since, date_trunc('hour', now, 'UTC'));
    new_life smallint;
    next timestamptz;
BEGIN
    IF ends IS NOT NULL AND since IS NULL THEN
        SELECT * INTO stored FROM ownership
        WHERE namespace = name AND organization = whose AND validity && tstzrange(NULL, ends)
        ORDER BY lower(validity) DESC NULLS LAST LIMIT 1;
        IF stored IS NULL THEN
            RETURN (format('%s does not own it before then', whose), NULL)::change;
        ELSIF upper(stored.validity) = ends THEN
            RETURN (NULL, NULL)::change;
        ELSIF closed_after(whose, ends) IS NOT NULL THEN
            RETURN (format('month %s is closed', closed_after(whose, ends)), NULL)::change;
        END IF;
        UPDATE ownership SET validity = tstzrange(lower(stored.validity), ends)
        WHERE namespace = name AND validity = stored.validity;
        INSERT INTO data_versions AS v VALUES (whose, 1)
        ON CONFLICT (organization) DO UPDATE SET version = v.version + 1;
        RETURN (NULL, date_trunc('hour', ends, 'UTC'))::change;
    END IF;
    SELECT * INTO stored FROM ownership WHERE namespace = name AND validity @> start;
    IF stored.organization = whose AND (new_uid IS NULL OR stored.uid IN (new_uid, ''))
       AND (ends IS NULL OR upper(stored.validity) = ends) THEN
        UPDATE ownership SET uid = new_uid
        WHERE namespace = name AND validity = stored.validity AND uid <> coalesce(new_uid, uid);
        RETURN (NULL, NULL)::change;
    END IF;
    IF since IS NULL AND NOT EXISTS (
        SELECT FROM ownership AS o JOIN project_months AS m USING (organization, namespace) WHERE o.namespace = name
    ) THEN
        DELETE FROM ownership WHERE namespace = name;
        INSERT INTO ownership VALUES (name, whose, coalesce(new_uid, ''), 1, '(,)');
        INSERT INTO data_versions AS v SELECT organization, 1
        FROM (SELECT DISTINCT unnest(ARRAY[whose, stored.organization::text]) AS organization) AS both_of
        WHERE organization IS NOT NULL
        ON CONFLICT (organization) DO UPDATE SET version = v.version + 1;
        RETURN (NULL, NULL)::change;
    END IF;
    IF coalesce(closed_after(whose, start), closed_after(stored.organization, start)) IS NOT NULL THEN
        RETURN (format('month %s is closed', coalesce(closed_after(whose, start), closed_after(stored.organization, start))),
                NULL)::change;
    END IF;
    SELECT * INTO before FROM ownership
    WHERE namespace = name AND (validity @> start OR upper(validity) = start) ORDER BY lower(validity) DESC NULLS LAST LIMIT 1;
    SELECT coalesce(
        (SELECT life FROM ownership WHERE namespace = name AND uid = new_uid LIMIT 1),
        CASE WHEN new_uid IS NULL OR before.uid = '' THEN before.life END,
        (SELECT life FROM ownership
         WHERE namespace = name AND organization = whose AND lower(validity) > start AND new_uid IS NULL
         ORDER BY lower(validity) LIMIT 1),
        (SELECT max(life) + 1 FROM ownership WHERE namespace = name),
        1
    ) INTO new_life;
    SELECT coalesce(upper(stored.validity), min(lower(validity))) INTO next
    FROM ownership WHERE namespace = name AND lower(validity) > start;
    IF ends > next THEN
        RETURN (format('it has another owner from %s on', next), NULL)::change;
    END IF;
    IF lower(stored.validity) = start THEN
        DELETE FROM ownership WHERE namespace = name AND validity = stored.validity;
    ELSIF stored IS NOT NULL THEN
        UPDATE ownership SET validity = tstzrange(lower(stored.validity), start)
        WHERE namespace = name AND validity = stored.validity;
    END IF;
    INSERT INTO ownership
    VALUES (name, whose, coalesce(new_uid, before.uid, ''), new_life, tstzrange(start, coalesce(ends, next)));
    INSERT INTO data_versions AS v SELECT organization, 1
    FROM (SELECT DISTINCT unnest(ARRAY[whose, stored.organization::text]) AS organization) AS both_of
    WHERE organization IS NOT NULL
    ON CONFLICT (organization) DO UPDATE SET version = v.version + 1;
    RETURN (NULL, date_trunc('hour', start, 'UTC'))::change;
END
$$;

-- A price from a moment on, until the next price of the list, or until `ends`.
CREATE FUNCTION set_price(
    list text, what smallint, code text, price numeric, since timestamptz, ends timestamptz, now timestamptz
) RETURNS change LANGUAGE plpgsql AS $$
DECLARE
    stored prices;
    next timestamptz;
    used text;
    same boolean;
    from_hour timestamptz := since;
BEGIN
    SELECT * INTO stored FROM prices
    WHERE price_list = list AND sku = what AND currency = code AND validity @> since;
    SELECT min(lower(validity)) INTO next FROM prices
    WHERE price_list = list AND sku = what AND currency = code AND lower(validity) > since;
    IF ends > next THEN
        RETURN (format('overlaps the price from %s on', next), NULL)::change;
    END IF;
    same := stored.id IS NOT NULL AND lower(stored.validity) = since AND stored.unit_price = price;
    IF same AND (ends IS NULL OR upper(stored.validity) = ends) THEN
        RETURN (NULL, NULL)::change;
    ELSIF same THEN
        from_hour := least(ends, upper(stored.validity));
    END IF;
    SELECT format('hours of %s in %s', to_char(current_period(l.organization, l.hour), 'YYYY-MM'), l.organization) INTO used
    FROM usage_lines AS l
    JOIN (
        SELECT organization, period_start(organization, current_period(organization, now)) AS open_since
        FROM organization_state WHERE list IN ('', organization)
    ) AS s ON s.organization = l.organization AND l.hour < s.open_since
    WHERE l.hour >= from_hour AND (next IS NULL OR l.hour < next)
      AND l.sku = what AND l.currency = code AND l.price IS NOT NULL
      AND (list <> '' OR l.price IN (SELECT p.id FROM prices AS p WHERE p.price_list = ''))
    LIMIT 1;
    IF used IS NOT NULL THEN
        RETURN (format('%s were rated with another price: a price of a month that is over can only be ended', used),
                NULL)::change;
    END IF;
    IF same THEN
        UPDATE prices SET validity = tstzrange(since, ends) WHERE id = stored.id;
        RETURN (NULL, from_hour)::change;
    ELSIF lower(stored.validity) = since THEN
        DELETE FROM prices WHERE id = stored.id;
    ELSIF stored.id IS NOT NULL THEN
        UPDATE prices SET validity = tstzrange(lower(stored.validity), since) WHERE id = stored.id;
    END IF;
    INSERT INTO prices (id, price_list, sku, currency, unit_price, validity)
    SELECT coalesce(max(id), 0) + 1, list, what, code, price, tstzrange(since, coalesce(ends, next)) FROM prices;
    RETURN (NULL, since)::change;
END
$$;
