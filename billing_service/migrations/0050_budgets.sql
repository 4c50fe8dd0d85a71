-- Budgets of an organization, the state of their thresholds, and their alerts.

-- `namespace` '' is the organization. A threshold is {id, basis, percent | amount, probability}; its numbers are text,
-- so that they stay exact.
CREATE TABLE budgets (
    organization rfc1123_label NOT NULL,
    id           uuid NOT NULL,
    name         text NOT NULL,
    namespace    text NOT NULL,
    label_key    text,
    label_value  text,
    amount       numeric NOT NULL CHECK (amount > 0 AND amount <= 1e12),
    currency     iso4217_code NOT NULL,
    period       text NOT NULL CHECK (period IN ('month', 'quarter', 'year')),
    thresholds   jsonb NOT NULL CHECK (jsonb_typeof(thresholds) = 'array'),
    channels     uuid[] NOT NULL,
    notify_on    text[] NOT NULL CHECK (notify_on <@ ARRAY['firing', 'resolved']),
    rollover     boolean NOT NULL,
    version      integer NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization, id),
    CHECK ((label_key IS NULL) = (label_value IS NULL))
);

-- `period_start`: the first day of the period in the organization's time zone. `since`: an hour of the ledger.
-- `value`: what was compared, an amount or a probability.
CREATE TABLE budget_states (
    organization rfc1123_label NOT NULL,
    budget       uuid NOT NULL,
    version      integer NOT NULL,
    period_start date NOT NULL,
    threshold    text NOT NULL,
    state        text NOT NULL CHECK (state IN ('ok', 'pending', 'firing', 'resolved')),
    since        timestamptz,
    value        numeric,
    limit_amount numeric,
    data_version bigint,
    PRIMARY KEY (organization, budget, version, period_start, threshold)
);

-- A threshold fires once for each version of a budget and period. A row outlives its budget. `at`: an hour of the ledger.
CREATE TABLE budget_alerts (
    organization rfc1123_label NOT NULL,
    id           uuid NOT NULL DEFAULT gen_random_uuid(),
    budget       uuid NOT NULL,
    version      integer NOT NULL,
    period_start date NOT NULL,
    threshold    text NOT NULL,
    status       text NOT NULL CHECK (status IN ('firing', 'resolved')),
    at           timestamptz NOT NULL,
    spent        numeric,
    forecast     numeric,
    probability  numeric,
    amount       numeric NOT NULL, -- of the period, with what was left of the one before
    currency     iso4217_code NOT NULL,
    PRIMARY KEY (organization, id),
    UNIQUE (organization, budget, version, period_start, threshold, status)
);

-- Whether project-users may write the budgets of their own projects. No row: they may not.
CREATE TABLE budget_settings (
    organization        rfc1123_label PRIMARY KEY,
    project_users_write boolean NOT NULL,
    version             integer NOT NULL DEFAULT 1,
    updated_at          timestamptz NOT NULL DEFAULT now()
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['budgets', 'budget_states', 'budget_alerts', 'budget_settings'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY one_organization ON %I FOR SELECT '
                       'USING (organization = current_setting(''billing.organization'', true))', name);
        EXECUTE format('CREATE POLICY changes_of_one_organization ON %I '
                       'USING (organization = current_setting(''billing.organization'', true))', name);
    END LOOP;
END
$$;
