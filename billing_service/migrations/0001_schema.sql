-- A name of Kubernetes and of a realm: RFC 1123 label.
CREATE DOMAIN rfc1123_label AS text CHECK (VALUE ~ '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$');

CREATE DOMAIN iso4217_code AS text CHECK (VALUE ~ '^[A-Z]{3}$');

-- Never negative. NaN sorts above every number and Infinity above every finite one, so the upper bound refuses both.
CREATE DOMAIN amount AS numeric CHECK (VALUE >= 0 AND VALUE < 1e12 AND scale(VALUE) <= 9);

-- The hour that begins at this moment.
CREATE DOMAIN utc_hour AS timestamptz CHECK (isfinite(VALUE) AND date_trunc('hour', VALUE, 'UTC') = VALUE);

CREATE TYPE resource AS ENUM ('cpu_core_hour', 'memory_gib_hour', 'storage_gib_hour', 'network_gib', 'public_ip_hour');

-- ISO 4217 minor units, where they are not 2.
CREATE TABLE minor_units (
    currency iso4217_code PRIMARY KEY,
    digits   integer NOT NULL CHECK (digits BETWEEN 0 AND 4)
);
INSERT INTO minor_units
SELECT unnest(string_to_array('BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF', ' ')), 0
UNION ALL SELECT unnest(string_to_array('BHD IQD JOD KWD LYD OMR TND', ' ')), 3
UNION ALL SELECT unnest(string_to_array('CLF UYW', ' ')), 4;

CREATE TABLE organizations (
    name     rfc1123_label PRIMARY KEY,
    currency iso4217_code NOT NULL
);

CREATE TABLE projects (
    namespace    rfc1123_label PRIMARY KEY,
    organization rfc1123_label NOT NULL REFERENCES organizations
);
CREATE INDEX projects_by_organization ON projects (organization, namespace);

-- The price of an hour is the newest one with valid_from <= hour.
CREATE TABLE prices (
    resource   resource NOT NULL,
    currency   iso4217_code NOT NULL,
    unit_price amount NOT NULL,
    valid_from timestamptz NOT NULL CHECK (isfinite(valid_from)),
    PRIMARY KEY (currency, resource, valid_from)
);

-- The primary key includes the quantity: a sum over hours reads the index alone, where vacuum has been. Rows are only
-- ever added here, so vacuum is told to come after 2 % of them instead of 20 %.
CREATE TABLE usage (
    namespace rfc1123_label NOT NULL REFERENCES projects,
    resource  resource NOT NULL,
    hour      utc_hour NOT NULL,
    quantity  amount NOT NULL,
    PRIMARY KEY (namespace, resource, hour) INCLUDE (quantity)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.02);

CREATE TABLE instances (
    namespace    rfc1123_label PRIMARY KEY REFERENCES projects,
    running_pods integer NOT NULL CHECK (running_pods >= 0),
    running_vms  integer NOT NULL CHECK (running_vms >= 0),
    cpu_cores    amount NOT NULL,
    memory_gib   amount NOT NULL
);
