-- Forecasts that the worker has computed, as JSON. `namespace` '' is the organization. `state` is a hash of what the
-- forecast depends on: another state, and it is not used.
CREATE TABLE forecasts (
    organization text NOT NULL,
    namespace    text NOT NULL,
    horizon      text NOT NULL,
    level        smallint NOT NULL,
    state        text NOT NULL,
    body         text NOT NULL,
    PRIMARY KEY (organization, namespace, horizon, level)
);
ALTER TABLE forecasts ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_organization ON forecasts FOR SELECT
    USING (organization = current_setting('billing.organization', true));

-- What the worker has forecast of an organization: which data version, in which running month, by which prices (a hash).
CREATE TABLE forecast_versions (
    organization text PRIMARY KEY,
    version      bigint NOT NULL,
    period       month NOT NULL,
    prices       text NOT NULL
);
ALTER TABLE forecast_versions ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_organization ON forecast_versions FOR SELECT
    USING (organization = current_setting('billing.organization', true));
