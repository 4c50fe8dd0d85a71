-- Row-level security behind the filters of the queries: a role that is not the owner sees the rows of one organization, the
-- one in the setting billing.organization of its transaction; without it, none. The owner of the tables (migrate, import,
-- work) sees all rows. grants.py has what the role of `serve` may read.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'organization_terms', 'ownership', 'usage_lines', 'rollup_daily', 'rollup_monthly', 'organization_daily',
        'organization_monthly', 'project_months', 'recent_hours', 'organization_state', 'project_state', 'periods',
        'adjustments', 'data_versions', 'instances', 'subscriptions'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY one_organization ON %I FOR SELECT '
                       'USING (organization = current_setting(''billing.organization'', true))', name);
    END LOOP;
    -- A partition has no policy: it can be read through usage_lines only.
    FOR name IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'usage_lines'::regclass LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
    END LOOP;
END
$$;

-- The general price list, and the organization's own.
ALTER TABLE prices ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_organization ON prices FOR SELECT
    USING (price_list = '' OR price_list = current_setting('billing.organization', true));

-- As before, with row-level security on each new partition.
CREATE OR REPLACE FUNCTION ensure_partitions(first timestamptz, last timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month timestamptz := date_trunc('month', first, 'UTC');
    name text;
BEGIN
    WHILE month <= last LOOP
        name := 'usage_lines_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
        IF to_regclass(name) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE usage_lines INCLUDING ALL)', name);
            EXECUTE format('ALTER TABLE %I SET (autovacuum_vacuum_insert_scale_factor = 0.02)', name);
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
            EXECUTE format('ALTER TABLE usage_lines ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                           name, month, date_trunc('month', month + interval '32 days', 'UTC'));
        END IF;
        month := date_trunc('month', month + interval '32 days', 'UTC');
    END LOOP;
END
$$;

-- The end of the newest hour of any organization, for a metric. The temporary tables of its caller are not looked at.
CREATE FUNCTION newest_usage() RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT max(as_of) FROM organization_state
$$;
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION newest_usage() SET search_path = %I, pg_temp', current_schema());
END
$$;
