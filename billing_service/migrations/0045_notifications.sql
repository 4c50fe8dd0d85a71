-- Channels of an organization and their outbox; the trail of changes and the idempotency keys of every domain that is changed
-- through the API.

-- `target` has what may be read again; `sealed` the secrets, encrypted by the service (notifications/seal.py).
CREATE TABLE channels (
    organization rfc1123_label NOT NULL,
    id           uuid NOT NULL,
    name         text NOT NULL,
    kind         text NOT NULL,
    enabled      boolean NOT NULL,
    target       jsonb NOT NULL,
    sealed       bytea,
    version      integer NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization, id),
    UNIQUE (organization, name)
);

-- A row outlives its channel: name and kind are copies. `collecting`: a digest that still takes events.
CREATE TABLE deliveries (
    organization    rfc1123_label NOT NULL,
    id              uuid NOT NULL,
    channel         uuid NOT NULL,
    channel_name    text NOT NULL,
    kind            text NOT NULL,
    digest          boolean NOT NULL,
    collecting      boolean NOT NULL,
    events          jsonb NOT NULL,
    number          integer NOT NULL DEFAULT 1,
    state           text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts        integer NOT NULL DEFAULT 0,
    created_at      timestamptz NOT NULL DEFAULT now(),
    next_attempt_at timestamptz NOT NULL,
    give_up_at      timestamptz NOT NULL,
    settled_at      timestamptz,
    reason          text,
    status          integer,
    PRIMARY KEY (organization, id)
);
CREATE UNIQUE INDEX deliveries_collecting ON deliveries (organization, channel) WHERE collecting;
CREATE INDEX deliveries_pending ON deliveries (next_attempt_at) WHERE state = 'pending';
CREATE INDEX deliveries_of_channel ON deliveries (organization, channel, created_at);
CREATE INDEX deliveries_by_time ON deliveries (organization, created_at);

-- `before` and `after` are what a caller may read: no secrets. Null: it did not exist.
CREATE TABLE audit (
    organization rfc1123_label NOT NULL,
    domain       text NOT NULL,
    id           text NOT NULL,
    entry        uuid NOT NULL DEFAULT gen_random_uuid(),
    action       text NOT NULL,
    actor        text NOT NULL,
    at           timestamptz NOT NULL DEFAULT now(),
    before       jsonb,
    after        jsonb,
    PRIMARY KEY (organization, domain, id, entry)
);
CREATE INDEX audit_by_time ON audit (organization, domain, id, at);

-- `fingerprint` is a slow hash: a request may have a password in its body.
CREATE TABLE idempotency_keys (
    organization rfc1123_label NOT NULL,
    key          text NOT NULL,
    fingerprint  bytea NOT NULL,
    status       integer,
    tag          text,
    reply        text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization, key)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['channels', 'deliveries', 'audit', 'idempotency_keys'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY one_organization ON %I FOR SELECT '
                       'USING (organization = current_setting(''billing.organization'', true))', name);
        EXECUTE format('CREATE POLICY changes_of_one_organization ON %I '
                       'USING (organization = current_setting(''billing.organization'', true))', name);
    END LOOP;
END
$$;
