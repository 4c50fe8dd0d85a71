-- Row-level security (0020) for the tables that came later.
ALTER TABLE workload_labels ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_organization ON workload_labels FOR SELECT
    USING (organization = current_setting('billing.organization', true));

-- The steps of the prices that the role sees.
ALTER TABLE price_steps ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_organization ON price_steps FOR SELECT USING (price IN (SELECT id FROM prices));
ALTER VIEW price_ranges SET (security_invoker = true); -- reads with the rights of the role, and not of its owner
