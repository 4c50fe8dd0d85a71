-- The labels of a workload, by the hours that have a line of it. They never change an amount.
CREATE TABLE workload_labels (
    organization text NOT NULL,
    namespace    text NOT NULL,
    life         smallint NOT NULL,
    workload     text NOT NULL,
    labels       jsonb NOT NULL CHECK (jsonb_typeof(labels) = 'object'),
    validity     validity NOT NULL,
    EXCLUDE USING gist (organization WITH =, namespace WITH =, life WITH =, workload WITH =, validity WITH &&)
);
ALTER TABLE quarantine ADD COLUMN labels jsonb; -- of the line, until it is booked
