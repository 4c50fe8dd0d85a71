-- The ledger: dated facts, usage lines, and the sums that are kept beside them. docs/decisions/0013-the-ledger.md
-- The organization is the first column of every unique key of a table that grows. Small reference tables have no
-- organization in the key: organizations, ownership, skus, prices, minor_units, hours, quarantine.
CREATE EXTENSION IF NOT EXISTS btree_gist; -- exclusion constraints with = ; a trusted extension since PostgreSQL 13

ALTER TABLE projects RENAME TO old_projects;
ALTER TABLE prices RENAME TO old_prices;
ALTER TABLE usage RENAME TO old_usage;
ALTER TABLE instances RENAME TO old_instances;

-- Never negative. An upper bound refuses NaN and Infinity, which sort above every finite number.
CREATE DOMAIN quantity AS numeric CHECK (VALUE >= 0 AND VALUE < 1e12 AND scale(VALUE) <= 9);
CREATE DOMAIN unit_price AS numeric CHECK (VALUE >= 0 AND VALUE < 1e12 AND scale(VALUE) <= 12);
CREATE DOMAIN signed_amount AS numeric CHECK (VALUE > -1e24 AND VALUE < 1e24 AND scale(VALUE) <= 21);
CREATE DOMAIN month AS date CHECK (date_trunc('month', VALUE) = VALUE);

-- A half-open range; an end is a moment, or unbounded.
CREATE DOMAIN validity AS tstzrange CHECK (
    NOT isempty(VALUE)
    AND (lower_inf(VALUE) OR (lower_inc(VALUE) AND isfinite(lower(VALUE))))
    AND (upper_inf(VALUE) OR (NOT upper_inc(VALUE) AND isfinite(upper(VALUE))))
);

CREATE TABLE organization_terms (
    organization rfc1123_label NOT NULL REFERENCES organizations,
    validity     validity NOT NULL,
    currency     iso4217_code NOT NULL,
    time_zone    text NOT NULL,
    EXCLUDE USING gist (organization WITH =, validity WITH &&)
);

-- Which organization owned a namespace. A life is one uid of a namespace: a project that was deleted and created again
-- has another life, a project that moved keeps it.
CREATE TABLE ownership (
    namespace    rfc1123_label NOT NULL,
    organization rfc1123_label NOT NULL REFERENCES organizations,
    uid          text NOT NULL DEFAULT '',
    life         smallint NOT NULL,
    validity     validity NOT NULL,
    EXCLUDE USING gist (namespace WITH =, validity WITH &&)
);
CREATE INDEX ownership_by_organization ON ownership (organization, namespace);
CREATE INDEX ownership_by_namespace ON ownership (namespace);

CREATE TABLE skus (
    id        smallint PRIMARY KEY,
    code      text NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9]([-_.a-z0-9]{0,61}[a-z0-9])?$'),
    component text NOT NULL
        CHECK (component IN ('cpu', 'memory', 'storage', 'network', 'public_ip', 'gpu', 'other')),
    unit      text NOT NULL,
    basis     text NOT NULL -- what is billed, in words
);
INSERT INTO skus VALUES
    (1, 'cpu_core_hour', 'cpu', 'core hour', 'larger of request and use'),
    (2, 'memory_gib_hour', 'memory', 'GiB hour', 'larger of request and use'),
    (3, 'storage_gib_hour', 'storage', 'GiB hour', 'provisioned'),
    (4, 'network_gib', 'network', 'GiB', 'egress'),
    (5, 'public_ip_hour', 'public_ip', 'address hour', 'provisioned');

-- price_list is '' (the general list) or the organization whose own list comes before the general one.
CREATE TABLE prices (
    id         integer PRIMARY KEY,
    price_list text NOT NULL DEFAULT '',
    sku        smallint NOT NULL REFERENCES skus,
    currency   iso4217_code NOT NULL,
    unit_price unit_price NOT NULL,
    validity   validity NOT NULL,
    EXCLUDE USING gist (price_list WITH =, sku WITH =, currency WITH =, validity WITH &&)
);
ALTER TABLE prices ADD CONSTRAINT unit_price_bound CHECK (unit_price < 1e6) NOT VALID;

-- amount = quantity x unit price, exact; null: no price was found, the line is unrated.
CREATE TABLE usage_lines (
    organization text NOT NULL,
    namespace    text NOT NULL,
    life         smallint NOT NULL,
    hour         utc_hour NOT NULL,
    sku          smallint NOT NULL,
    workload     text NOT NULL,
    source       text NOT NULL,
    quantity     quantity NOT NULL,
    currency     text NOT NULL,
    price        integer,
    amount       numeric,
    PRIMARY KEY (organization, namespace, life, hour, sku, workload, source),
    CHECK (amount IS NOT NULL OR (price IS NULL AND quantity > 0))
) PARTITION BY RANGE (hour);

-- Creates the monthly partitions (UTC) that are missing. ATTACH does not block readers, PARTITION OF would.
CREATE FUNCTION ensure_partitions(first timestamptz, last timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month timestamptz := date_trunc('month', first, 'UTC');
    name text;
BEGIN
    WHILE month <= last LOOP
        name := 'usage_lines_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
        IF to_regclass(name) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE usage_lines INCLUDING ALL)', name);
            EXECUTE format('ALTER TABLE %I SET (autovacuum_vacuum_insert_scale_factor = 0.02)', name);
            EXECUTE format('ALTER TABLE usage_lines ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                           name, month, date_trunc('month', month + interval '32 days', 'UTC'));
        END IF;
        month := date_trunc('month', month + interval '32 days', 'UTC');
    END LOOP;
END
$$;

CREATE FUNCTION bit_of(hour timestamptz, period date) RETURNS bit LANGUAGE sql STABLE AS $$
    SELECT set_bit(0::bit(772), (extract(epoch FROM hour - period::timestamp AT TIME ZONE 'UTC') / 3600)::integer + 14, 1)
$$;

-- The first moment of a month of an organization. A new time zone begins with a month, so its middle has the month's zone.
CREATE FUNCTION period_start(whose text, period date) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT period::timestamp AT TIME ZONE coalesce(
        (SELECT time_zone FROM organization_terms
         WHERE organization = whose AND validity @> (period + 15)::timestamp AT TIME ZONE 'UTC'), 'UTC')
$$;

-- Sums of lines by day and month of the organization's time zone. `unrated` counts lines without a price.
CREATE TABLE rollup_daily (
    organization text NOT NULL,
    namespace    text NOT NULL,
    life         smallint NOT NULL,
    day          date NOT NULL,
    sku          smallint NOT NULL,
    currency     text NOT NULL,
    quantity     numeric NOT NULL,
    amount       numeric NOT NULL,
    lines        bigint NOT NULL,
    unrated      bigint NOT NULL,
    PRIMARY KEY (organization, namespace, life, day, sku, currency)
) WITH (fillfactor = 45);

CREATE TABLE rollup_monthly (
    organization text NOT NULL,
    period       month NOT NULL,
    namespace    text NOT NULL,
    life         smallint NOT NULL,
    sku          smallint NOT NULL,
    currency     text NOT NULL,
    quantity     numeric NOT NULL,
    amount       numeric NOT NULL,
    lines        bigint NOT NULL,
    unrated      bigint NOT NULL,
    PRIMARY KEY (organization, period, namespace, life, sku, currency)
) WITH (fillfactor = 45);

CREATE TABLE organization_daily (
    organization text NOT NULL,
    day          date NOT NULL,
    sku          smallint NOT NULL,
    currency     text NOT NULL,
    quantity     numeric NOT NULL,
    amount       numeric NOT NULL,
    lines        bigint NOT NULL,
    unrated      bigint NOT NULL,
    PRIMARY KEY (organization, day, sku, currency)
) WITH (fillfactor = 45);

CREATE TABLE organization_monthly (
    organization text NOT NULL,
    period       month NOT NULL,
    sku          smallint NOT NULL,
    currency     text NOT NULL,
    quantity     numeric NOT NULL,
    amount       numeric NOT NULL,
    lines        bigint NOT NULL,
    unrated      bigint NOT NULL,
    PRIMARY KEY (organization, period, sku, currency)
) WITH (fillfactor = 45);

-- One bit for each hour of the period that has a line of the project: bit N is the hour that begins N - 14 hours after the
-- month began in UTC. So the months of all time zones fit.
CREATE TABLE project_months (
    organization text NOT NULL,
    period       month NOT NULL,
    namespace    text NOT NULL,
    life         smallint NOT NULL,
    hours        bit(772) NOT NULL,
    PRIMARY KEY (organization, period, namespace, life)
) WITH (fillfactor = 45);

-- The last 24 hours before the organization's as_of, and nothing older.
CREATE TABLE recent_hours (
    organization text NOT NULL,
    namespace    text NOT NULL,
    life         smallint NOT NULL,
    hour         timestamptz NOT NULL,
    currency     text NOT NULL,
    amount       numeric NOT NULL,
    compute      numeric NOT NULL, -- its processor and memory part
    unrated      bigint NOT NULL,
    PRIMARY KEY (organization, namespace, life, hour, currency)
);

-- as_of: end of the newest hour that is there. It never comes from a clock.
CREATE TABLE organization_state (
    organization text PRIMARY KEY,
    first_hour   timestamptz NOT NULL,
    as_of        timestamptz NOT NULL
);

-- What a list shows of a project besides the month: the last 24 hours and the last hour before as_of.
CREATE TABLE project_state (
    organization text NOT NULL,
    namespace    text NOT NULL,
    life         smallint NOT NULL,
    currency     text NOT NULL,
    last_day     numeric NOT NULL,
    last_hour    numeric NOT NULL,
    last_compute numeric NOT NULL,
    unrated      bigint NOT NULL,
    PRIMARY KEY (organization, namespace, life, currency)
) WITH (fillfactor = 45);

-- Coverage: how many samples of an hour a source had, of how many. A source that reports no coverage has no rows.
CREATE TABLE hours (
    source           text NOT NULL,
    hour             utc_hour NOT NULL,
    samples_expected bigint NOT NULL CHECK (samples_expected >= 0),
    samples_seen     bigint NOT NULL CHECK (samples_seen >= 0),
    recorded_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, hour)
);

-- The complete hours of a source as bits, as in project_months. The first and last hours of a month are in two rows,
-- because a month begins at another moment in each time zone.
CREATE TABLE source_months (
    source     text NOT NULL,
    period     month NOT NULL,
    complete   bit(772) NOT NULL,
    PRIMARY KEY (source, period)
);
CREATE TABLE sources (
    source     text PRIMARY KEY,
    first_hour utc_hour NOT NULL
);

-- Ones from bit `first` up to and without bit `last`.
CREATE FUNCTION bits_between(first integer, last integer) RETURNS bit LANGUAGE sql IMMUTABLE AS $$
    SELECT (~(0::bit(772)) >> least(greatest(first, 0), 772)) & ~(~(0::bit(772)) >> least(greatest(last, 0), 772))
$$;
CREATE FUNCTION bit_index(hour timestamptz, period date) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT (extract(epoch FROM hour - period::timestamp AT TIME ZONE 'UTC') / 3600)::integer + 14
$$;

-- A row is a closed month. There is no way back: a trigger refuses change and deletion.
CREATE TABLE periods (
    organization rfc1123_label NOT NULL,
    period       month NOT NULL,
    closed_at    timestamptz NOT NULL,
    statement    text NOT NULL, -- the JSON that is shown for this month from now on
    PRIMARY KEY (organization, period)
);
CREATE FUNCTION refuse_reopening() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'month % of % is closed and cannot change', OLD.period, OLD.organization
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER closed_for_good BEFORE UPDATE OR DELETE ON periods FOR EACH ROW EXECUTE FUNCTION refuse_reopening();

-- Signed corrections. They count in `period`, which was open when they were made.
CREATE TABLE adjustments (
    organization   rfc1123_label NOT NULL,
    id             text NOT NULL,
    period         month NOT NULL,
    namespace      text, -- null: the organization as a whole
    life           smallint,
    sku            smallint,
    quantity       numeric, -- null: an amount without a quantity, such as a credit
    currency       iso4217_code NOT NULL,
    amount         signed_amount NOT NULL,
    refers_period  month,
    refers_hour    timestamptz,
    workload       text,
    source         text,
    price          integer,
    reason         text NOT NULL CHECK (reason <> ''),
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (organization, id)
);
CREATE INDEX adjustments_by_period ON adjustments (organization, period, namespace);
CREATE INDEX adjustments_by_line ON adjustments (organization, namespace, refers_hour) WHERE refers_hour IS NOT NULL;

-- Usage that cannot be booked yet: nobody owns the namespace at that hour, or the quantity is above the bound.
CREATE TABLE quarantine (
    namespace   text NOT NULL,
    hour        utc_hour NOT NULL,
    sku         text NOT NULL,
    workload    text NOT NULL,
    source      text NOT NULL,
    owned_at    timestamptz NOT NULL,
    quantity    quantity NOT NULL,
    reason      text NOT NULL
        CHECK (reason IN ('unknown_namespace', 'not_owned', 'unknown_sku', 'above_bound', 'price_missing')),
    received_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, hour, sku, workload, source, owned_at)
);

-- Grows with every change of what an answer about the organization could show.
CREATE TABLE data_versions (
    organization text PRIMARY KEY,
    version      bigint NOT NULL
);

-- The last known instances of a project.
CREATE TABLE instances (
    organization text NOT NULL,
    namespace    text NOT NULL,
    running_pods integer NOT NULL CHECK (running_pods >= 0),
    running_vms  integer NOT NULL CHECK (running_vms >= 0),
    cpu_cores    quantity NOT NULL,
    memory_gib   quantity NOT NULL,
    measured_at  timestamptz, -- null: imported by a version that did not keep it
    PRIMARY KEY (organization, namespace)
);
ALTER TABLE instances ADD CONSTRAINT instances_bound CHECK (cpu_cores < 1e8 AND memory_gib < 1e8) NOT VALID;

-- The hours of a month that a project should have and that are missing. From the first hour that a source with coverage
-- recorded, that coverage decides; before it, the hours that have a line. Null: nothing was ever metered.
CREATE FUNCTION project_gaps(
    period date, starts timestamptz, ends timestamptz, as_of timestamptz, since timestamptz, until timestamptz,
    seen bit, goes_on boolean, OUT first_bit integer, OUT last_bit integer, OUT missing bit
) LANGUAGE sql STABLE AS $$
    WITH covered AS (
        SELECT bit_index(min(s.first_hour), project_gaps.period) AS begins,
               bit_and(coalesce(m.complete, 0::bit(772)) | bits_between(0, bit_index(s.first_hour, project_gaps.period))) AS complete
        FROM sources AS s LEFT JOIN source_months AS m ON m.source = s.source AND m.period = project_gaps.period
        WHERE s.first_hour < project_gaps.as_of
    ),
    range AS (
        SELECT begins, complete, greatest(
                   bit_index(starts, project_gaps.period), coalesce(bit_index(date_trunc('hour', since), project_gaps.period), 0),
                   CASE WHEN goes_on THEN 0
                        ELSE least(begins, nullif(position(B'1' IN coalesce(seen, 0::bit(772))), 0) - 1) END
               ) AS first,
               bit_index(least(ends, project_gaps.as_of, date_trunc('hour', until)), project_gaps.period) AS last
        FROM covered
    )
    SELECT first, last,
           bits_between(first, last) & ~(
               CASE WHEN begins IS NULL THEN coalesce(seen, 0::bit(772))
                    ELSE (coalesce(seen, 0::bit(772)) & bits_between(0, begins))
                         | (complete & bits_between(begins, 772)) END)
    FROM range WHERE project_gaps.as_of IS NOT NULL AND (goes_on OR begins IS NOT NULL OR seen IS NOT NULL)
$$;
