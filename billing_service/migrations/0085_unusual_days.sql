-- The unusual days of the last 100 that the worker has found, as JSON: of ranges that begin on the days from `since` up to and
-- without `until`, and reach `newest`, the day of the newest hour. `namespace` '' is the organization. `state` as in `forecasts`.
-- `found`: the numbers without their causes. They are used again while `history`, a hash of what they come from, is the same.
CREATE TABLE unusual_days (
    organization text NOT NULL,
    namespace    text NOT NULL,
    since        date NOT NULL,
    until        date NOT NULL,
    newest       date NOT NULL,
    state        text NOT NULL,
    history      text NOT NULL,
    found        text NOT NULL,
    body         text NOT NULL,
    PRIMARY KEY (organization, namespace, since)
);
ALTER TABLE unusual_days ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_organization ON unusual_days FOR SELECT
    USING (organization = current_setting('billing.organization', true));
