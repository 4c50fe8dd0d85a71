-- Another end of the time in which an organization owns a namespace. Hours that nobody owned are added also in a closed month:
-- their usage becomes adjustments.
CREATE FUNCTION set_end(stored ownership, ends timestamptz) RETURNS change LANGUAGE plpgsql AS $$
DECLARE
    whose text := stored.organization;
    before timestamptz := upper(stored.validity);
    next timestamptz;
BEGIN
    IF before = ends THEN
        RETURN (NULL, NULL)::change;
    ELSIF before < ends THEN
        SELECT min(lower(validity)) INTO next FROM ownership WHERE namespace = stored.namespace AND lower(validity) >= before;
        IF ends > next THEN
            RETURN (format('it has another owner from %s on', next), NULL)::change;
        END IF;
    ELSIF closed_after(whose, ends) IS NOT NULL THEN
        RETURN (format('month %s is closed', closed_after(whose, ends)), NULL)::change;
    END IF;
    UPDATE ownership SET validity = tstzrange(lower(stored.validity), ends)
    WHERE namespace = stored.namespace AND validity = stored.validity;
    INSERT INTO data_versions AS v VALUES (whose, 1) ON CONFLICT (organization) DO UPDATE SET version = v.version + 1;
    RETURN (NULL, date_trunc('hour', least(before, ends), 'UTC'))::change;
END
$$;

-- As before (0070). Usage that waits in quarantine keeps its owner. Hours that nobody owned can get an owner also in a closed
-- month; the hours of an owner cannot change there.
CREATE OR REPLACE FUNCTION set_owner(
    name text, whose text, new_uid text, since timestamptz, ends timestamptz, now timestamptz
) RETURNS change LANGUAGE plpgsql AS $$
DECLARE
    stored ownership;
    before ownership;
    start timestamptz := coalesce(since, date_trunc('hour', now, 'UTC'));
    new_life smallint;
    next timestamptz;
    closed text;
BEGIN
    IF ends IS NOT NULL AND since IS NULL THEN
        SELECT * INTO stored FROM ownership
        WHERE namespace = name AND organization = whose AND validity && tstzrange(NULL, ends)
        ORDER BY lower(validity) DESC NULLS LAST LIMIT 1;
        IF stored IS NULL THEN
            RETURN (format('%s does not own it before then', whose), NULL)::change;
        END IF;
        RETURN set_end(stored, ends);
    END IF;
    SELECT * INTO stored FROM ownership WHERE namespace = name AND validity @> start;
    IF stored.organization = whose AND (new_uid IS NULL OR stored.uid IN (new_uid, '')) THEN
        UPDATE ownership SET uid = new_uid
        WHERE namespace = name AND validity = stored.validity AND uid <> coalesce(new_uid, uid);
        RETURN CASE WHEN ends IS NULL THEN (NULL, NULL)::change ELSE set_end(stored, ends) END;
    END IF;
    IF since IS NULL AND NOT EXISTS (
        SELECT FROM ownership AS o JOIN project_months AS m USING (organization, namespace) WHERE o.namespace = name
    ) AND NOT EXISTS (
        SELECT FROM ownership AS o JOIN adjustments AS a USING (organization, namespace) WHERE o.namespace = name
    ) AND NOT EXISTS (
        SELECT FROM ownership AS o JOIN quarantine AS q USING (namespace)
        WHERE o.namespace = name AND o.validity && tstzrange(q.owned_at, q.hour + interval '1 hour')
    ) THEN
        DELETE FROM ownership WHERE namespace = name;
        INSERT INTO ownership VALUES (name, whose, coalesce(new_uid, ''), 1, '(,)');
        INSERT INTO data_versions AS v SELECT organization, 1
        FROM (SELECT DISTINCT unnest(ARRAY[whose, stored.organization::text]) AS organization) AS both_of
        WHERE organization IS NOT NULL
        ON CONFLICT (organization) DO UPDATE SET version = v.version + 1;
        RETURN (NULL, NULL)::change;
    END IF;
    closed := coalesce(closed_after(whose, start), closed_after(stored.organization, start));
    IF stored IS NOT NULL AND closed IS NOT NULL THEN
        RETURN (format('month %s is closed', closed), NULL)::change;
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
    SELECT min(lower(validity)) INTO next FROM ownership WHERE namespace = name AND lower(validity) > start;
    IF ends > next THEN
        RETURN (format('it has another owner from %s on', next), NULL)::change;
    END IF;
    IF lower(stored.validity) = start THEN
        DELETE FROM ownership WHERE namespace = name AND validity = stored.validity;
    ELSIF stored IS NOT NULL THEN
        UPDATE ownership SET validity = tstzrange(lower(stored.validity), start)
        WHERE namespace = name AND validity = stored.validity;
    END IF;
    INSERT INTO ownership VALUES (
        name, whose, coalesce(new_uid, before.uid, ''), new_life,
        tstzrange(start, coalesce(ends, upper(stored.validity), next))
    );
    INSERT INTO data_versions AS v SELECT organization, 1
    FROM (SELECT DISTINCT unnest(ARRAY[whose, stored.organization::text]) AS organization) AS both_of
    WHERE organization IS NOT NULL
    ON CONFLICT (organization) DO UPDATE SET version = v.version + 1;
    RETURN (NULL, date_trunc('hour', start, 'UTC'))::change;
END
$$;
