-- Each change of a data version is announced to the sessions that listen, at the commit of its transaction.
CREATE FUNCTION announce_data_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('billing_data_versions', NEW.organization || ' ' || NEW.version);
    RETURN NULL;
END
$$;
CREATE TRIGGER announce_data_version AFTER INSERT OR UPDATE ON data_versions
    FOR EACH ROW EXECUTE FUNCTION announce_data_version();

-- The data versions of all organizations, for the stream: numbers, and no figures. Row-level security hides the rows of the
-- table from the role of `serve` where no organization is set.
CREATE FUNCTION all_data_versions() RETURNS TABLE (organization text, version bigint)
    LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT v.organization, v.version FROM data_versions AS v
$$;
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION all_data_versions() SET search_path = %I, pg_temp', current_schema());
END
$$;
