-- Lines above QUARANTINE_ABOVE that a person has looked at. Another quantity of the same line goes to the quarantine again.
-- It has no organization in the key, as the quarantine has none, and grows with decisions of people.
CREATE TABLE accepted_usage (
    namespace   text NOT NULL,
    hour        utc_hour NOT NULL,
    sku         text NOT NULL,
    workload    text NOT NULL,
    source      text NOT NULL,
    owned_at    timestamptz NOT NULL,
    quantity    quantity NOT NULL,
    accepted_by text NOT NULL CHECK (accepted_by <> ''),
    reason      text NOT NULL CHECK (reason <> ''),
    accepted_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, hour, sku, workload, source, owned_at, quantity)
);
