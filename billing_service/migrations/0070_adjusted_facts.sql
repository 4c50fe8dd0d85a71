-- As before (0004, 0010), and what the adjustments of closed months were made with cannot change under them: a price that one
-- was rated with, and the owner of a namespace that has no other usage.
CREATE OR REPLACE FUNCTION set_owner(
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
    ) AND NOT EXISTS (
        SELECT FROM ownership AS o JOIN adjustments AS a USING (organization, namespace) WHERE o.namespace = name
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

CREATE OR REPLACE FUNCTION set_price(
    list text, what smallint, code text, price numeric, since timestamptz, ends timestamptz, now timestamptz,
    new_rating text DEFAULT 'unit', steps jsonb DEFAULT '{}'
) RETURNS change LANGUAGE plpgsql AS $$
DECLARE
    stored prices;
    next timestamptz;
    used text;
    same boolean;
    from_hour timestamptz := since;
    new_id integer;
BEGIN
    SELECT * INTO stored FROM prices
    WHERE price_list = list AND sku = what AND currency = code AND validity @> since;
    SELECT min(lower(validity)) INTO next FROM prices
    WHERE price_list = list AND sku = what AND currency = code AND lower(validity) > since;
    IF ends > next THEN
        RETURN (format('overlaps the price from %s on', next), NULL)::change;
    END IF;
    same := stored.id IS NOT NULL AND lower(stored.validity) = since AND stored.unit_price = price
        AND stored.rating = new_rating
        AND ARRAY(SELECT ROW (key::numeric, value::numeric) FROM jsonb_each_text(steps) ORDER BY key::numeric)
          = ARRAY(SELECT ROW (s.from_quantity::numeric, s.unit_price::numeric) FROM price_steps AS s
                  WHERE s.price = stored.id ORDER BY s.from_quantity);
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
    SELECT coalesce(used, (
        SELECT format('hours of %s in %s', to_char(a.refers_period, 'YYYY-MM'), a.organization)
        FROM organization_state AS s JOIN adjustments AS a ON a.organization = s.organization
        WHERE list IN ('', s.organization) AND a.sku = what AND a.currency = code AND a.refers_hour >= from_hour
          AND (next IS NULL OR a.refers_hour < next)
          AND (list <> '' OR a.price IN (SELECT p.id FROM prices AS p WHERE p.price_list = ''))
        LIMIT 1
    )) INTO used;
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
    SELECT coalesce(max(id), 0) + 1 INTO new_id FROM prices;
    INSERT INTO prices (id, price_list, sku, currency, unit_price, validity, rating)
    VALUES (new_id, list, what, code, price, tstzrange(since, coalesce(ends, next)), new_rating);
    INSERT INTO price_steps SELECT new_id, key::numeric, value::numeric FROM jsonb_each_text(steps);
    RETURN (NULL, since)::change;
END
$$;
