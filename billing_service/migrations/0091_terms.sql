-- Whether an organization has something with a time: usage, also in quarantine, a plan, a credit, a closed month, or terms with
-- a date. Then new terms without a date leave the past as it is.
CREATE FUNCTION has_past(whose text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM organization_state WHERE organization = whose)
        OR EXISTS (SELECT FROM subscriptions WHERE organization = whose)
        OR EXISTS (SELECT FROM adjustments WHERE organization = whose)
        OR EXISTS (SELECT FROM periods WHERE organization = whose)
        OR EXISTS (SELECT FROM organization_terms WHERE organization = whose AND NOT upper_inf(validity))
        OR EXISTS (
            SELECT FROM ownership AS o JOIN quarantine AS q USING (namespace)
            WHERE o.organization = whose AND o.validity && tstzrange(q.owned_at, q.hour + interval '1 hour')
        )
$$;

-- Terms from `start` to `until`. Later terms with the old zone get the new one: a zone cannot end within a month.
CREATE FUNCTION put_terms(
    whose text, start timestamptz, until timestamptz, new_currency text, zone text, old_zone text
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM organization_terms
    WHERE organization = whose AND lower(validity) >= start AND lower(validity) < coalesce(until, 'infinity');
    UPDATE organization_terms SET validity = tstzrange(lower(validity), start)
    WHERE organization = whose AND validity @> start;
    INSERT INTO organization_terms VALUES (whose, tstzrange(start, until), new_currency, zone);
    UPDATE organization_terms SET time_zone = zone
    WHERE organization = whose AND lower(validity) > start AND time_zone = old_zone AND lower(validity) < coalesce((
        SELECT min(lower(o.validity)) FROM organization_terms AS o
        WHERE o.organization = whose AND lower(o.validity) > start AND o.time_zone NOT IN (old_zone, zone)
    ), 'infinity');
END
$$;

-- Another zone from the next month on, or in the last hours of a month, which are the next one in the new zone, from the month
-- after it on. Null: it is announced already. It takes the place of another one that is announced for this month.
CREATE FUNCTION set_next_zone(whose text, zone text, now timestamptz) RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
    month timestamp := current_period(whose, now) + interval '1 month';
    start timestamptz;
    ahead organization_terms;
    announced organization_terms;
BEGIN
    LOOP
        SELECT * INTO ahead FROM organization_terms
        WHERE organization = whose AND validity @> (month - interval '2 days') AT TIME ZONE 'UTC';
        start := least(month AT TIME ZONE ahead.time_zone, month AT TIME ZONE zone);
        EXIT WHEN start >= now;
        month := month + interval '1 month';
    END LOOP;
    SELECT * INTO announced FROM organization_terms
    WHERE organization = whose AND lower(validity) > now AND time_zone <> ahead.time_zone
      AND lower(validity) >= month AT TIME ZONE 'UTC' - interval '14 hours'
      AND lower(validity) <= month AT TIME ZONE 'UTC' + interval '12 hours'
    ORDER BY lower(validity) LIMIT 1;
    IF zone IN (ahead.time_zone, announced.time_zone) THEN
        RETURN NULL;
    ELSIF announced IS NULL THEN
        SELECT * INTO announced FROM organization_terms WHERE organization = whose AND validity @> start;
    ELSE
        start := least(start, lower(announced.validity));
    END IF;
    PERFORM put_terms(whose, start, upper(announced.validity), announced.currency, zone, announced.time_zone);
    RETURN start;
END
$$;

-- A currency from the running hour on, until another one is announced.
CREATE FUNCTION set_currency_now(whose text, stored organization_terms, new_currency text, start timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM put_terms(whose, start, upper(stored.validity), new_currency, stored.time_zone, stored.time_zone);
    UPDATE organization_terms SET currency = new_currency
    WHERE organization = whose AND lower(validity) > start AND currency = stored.currency AND lower(validity) < coalesce((
        SELECT min(lower(o.validity)) FROM organization_terms AS o
        WHERE o.organization = whose AND lower(o.validity) > start AND o.currency NOT IN (stored.currency, new_currency)
    ), 'infinity');
END
$$;

-- zone null: the zone that there is. since null: from the running hour on, a new zone from the next month on; from ever on if
-- the organization has no past.
CREATE OR REPLACE FUNCTION set_terms(whose text, new_currency text, zone text, since timestamptz, now timestamptz)
RETURNS change LANGUAGE plpgsql AS $$
DECLARE
    stored organization_terms;
    start timestamptz := since;
    month timestamp;
BEGIN
    INSERT INTO organizations VALUES (whose) ON CONFLICT DO NOTHING;
    SELECT * INTO stored FROM organization_terms WHERE organization = whose AND validity @> coalesce(since, now);
    zone := coalesce(zone, stored.time_zone, 'UTC');
    IF (stored.currency, stored.time_zone) = (new_currency, zone) THEN
        RETURN (NULL, NULL)::change;
    ELSIF stored IS NULL OR (since IS NULL AND NOT has_past(whose)) THEN
        DELETE FROM organization_terms WHERE organization = whose;
        INSERT INTO organization_terms VALUES (whose, '(,)', new_currency, zone);
        start := NULL;
    ELSIF since IS NULL THEN
        IF new_currency <> stored.currency THEN
            start := date_trunc('hour', now, 'UTC');
            PERFORM set_currency_now(whose, stored, new_currency, start);
        END IF;
        IF zone <> stored.time_zone THEN
            start := least(start, set_next_zone(whose, zone, now)); -- least ignores nulls
        END IF;
        IF start IS NULL THEN
            RETURN (NULL, NULL)::change;
        END IF;
    ELSE
        IF zone <> stored.time_zone THEN
            month := date_trunc('month', (start + interval '15 days') AT TIME ZONE zone);
            IF start NOT IN (month AT TIME ZONE zone, month AT TIME ZONE stored.time_zone) THEN
                RETURN ('a new time zone begins with a month', NULL)::change;
            END IF;
            start := least(month AT TIME ZONE zone, month AT TIME ZONE stored.time_zone);
            IF start < (SELECT as_of FROM organization_state WHERE organization = whose) THEN
                RETURN ('usage is already booked in the old time zone: begin with a later month', NULL)::change;
            END IF;
        END IF;
        IF closed_after(whose, start) IS NOT NULL THEN
            RETURN (format('month %s is closed', closed_after(whose, start)), NULL)::change;
        END IF;
        PERFORM put_terms(whose, start, upper(stored.validity), new_currency, zone, stored.time_zone);
    END IF;
    INSERT INTO data_versions AS v VALUES (whose, 1) ON CONFLICT (organization) DO UPDATE SET version = v.version + 1;
    RETURN (NULL, start)::change;
END
$$;
