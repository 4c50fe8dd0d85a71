-- Prices with tiers, with an included quantity, and by the month.
-- rating: 'unit': quantity x unit_price. 'steps': by price_steps. 'month': unit_price is for one unit in every hour of a
-- month; each hour of the actual month costs the same, and the last hour has the remainder.
ALTER TABLE prices ADD COLUMN rating text NOT NULL DEFAULT 'unit' CHECK (rating IN ('unit', 'steps', 'month'));

-- From which quantity of an organization's month on a unit costs how much. Every price with steps has one from 0 on.
CREATE TABLE price_steps (
    price         integer NOT NULL REFERENCES prices ON DELETE CASCADE,
    from_quantity quantity NOT NULL,
    unit_price    unit_price NOT NULL CHECK (unit_price < 1e6),
    PRIMARY KEY (price, from_quantity)
);
CREATE VIEW price_ranges AS
SELECT price, from_quantity::numeric AS since, unit_price::numeric,
       lead(from_quantity::numeric) OVER (PARTITION BY price ORDER BY from_quantity) AS until
FROM price_steps;

-- The organization's quantity of the month before this line, if the line is in several steps of its price; otherwise null.
ALTER TABLE usage_lines ADD COLUMN month_before numeric;

-- What the organization's quantity of a month from `first` to `last` costs; negative if `last` is smaller.
CREATE FUNCTION steps_amount(which integer, first numeric, last numeric) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(greatest(least(greatest(first, last), until) - greatest(least(first, last), since), 0) * unit_price), 0)
           * sign(last - first)
    FROM price_ranges WHERE price = which
$$;

-- The unit price of one hour of the month from `starts` to `ends`, of a price by the month.
CREATE FUNCTION hour_price(month_price numeric, starts timestamptz, ends timestamptz, hour timestamptz) RETURNS numeric
LANGUAGE sql IMMUTABLE AS $$
    SELECT spread(month_price, (extract(epoch FROM ends - starts) / 3600)::integer,
                  (extract(epoch FROM hour - starts) / 3600)::integer, (extract(epoch FROM hour - starts) / 3600)::integer + 1)
$$;

-- As before, with the rating and its steps: {"0": 0.05, "1000": 0.04} by quantity.
DROP FUNCTION set_price(text, smallint, text, numeric, timestamptz, timestamptz, timestamptz);
CREATE FUNCTION set_price(
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
