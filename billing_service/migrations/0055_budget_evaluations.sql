-- What the worker last found about each budget, as JSON. `state` is a hash of what it depends on: another state, and it is
-- found again. `undecided`: what was spent is not known.
CREATE TABLE budget_evaluations (
    organization rfc1123_label NOT NULL,
    budget       uuid NOT NULL,
    version      integer NOT NULL,
    state        text NOT NULL,
    data_version bigint NOT NULL,
    period_start date NOT NULL,
    undecided    boolean NOT NULL,
    body         jsonb NOT NULL,
    PRIMARY KEY (organization, budget)
);
ALTER TABLE budget_evaluations ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_organization ON budget_evaluations FOR SELECT
    USING (organization = current_setting('billing.organization', true));
CREATE POLICY changes_of_one_organization ON budget_evaluations
    USING (organization = current_setting('billing.organization', true));
