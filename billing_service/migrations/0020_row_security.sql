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
END
$$;

-- The general price list, and the organization's own.
ALTER TABLE prices ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_organization ON prices FOR SELECT
    USING (price_list = '' OR price_list = current_setting('billing.organization', true));

-- The end of the newest hour of any organization, for a metric. The temporary tables of its caller are not looked at.
CREATE FUNCTION newest_usage() RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT max(as_of) FROM organization_state
$$;
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION newest_usage() SET search_path = %I, pg_temp', current_schema());
END
$$;
