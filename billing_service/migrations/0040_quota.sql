-- The members of the billing-plans document besides its plans and add-ons: suspendedPlan, eipQuota, ...
CREATE TABLE plan_members (
    name     text PRIMARY KEY,
    document jsonb NOT NULL
);

-- The newest reading of status.quotaUsage of the platform's resources. namespace '': the organization itself.
-- Amounts are cores, bytes and counts, as requested. Null: the platform does not state it, or not as a quantity.
CREATE TABLE quota_usage (
    organization rfc1123_label NOT NULL,
    namespace    text NOT NULL,
    dimension    text NOT NULL,
    uid          text NOT NULL, -- of the resource
    used         numeric CHECK (used >= 0 AND used < 1e24),
    hard         numeric CHECK (hard >= 0 AND hard < 1e24),
    last_updated timestamptz, -- as the platform states it
    read_at      timestamptz NOT NULL,
    PRIMARY KEY (organization, namespace, dimension)
);

-- The largest amount that all projects of an organization requested on a day of its time zone. An organization that was
-- created again has another uid, and shares no history with the one before.
CREATE TABLE quota_days (
    organization rfc1123_label NOT NULL,
    uid          text NOT NULL,
    dimension    text NOT NULL,
    day          date NOT NULL,
    used         numeric NOT NULL CHECK (used >= 0 AND used < 1e24),
    PRIMARY KEY (organization, uid, dimension, day)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['quota_usage', 'quota_days'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY one_organization ON %I FOR SELECT '
                       'USING (organization = current_setting(''billing.organization'', true))', name);
    END LOOP;
END
$$;
