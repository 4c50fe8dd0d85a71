-- A price times a quantity is below 10^14, and a month of five resources below 10^18, the largest amount that a response
-- may hold. Rows that are there already stay (NOT VALID): a project that they make too dear is listed without a figure.
ALTER TABLE prices ADD CONSTRAINT unit_price_bound CHECK (unit_price < 1e6) NOT VALID;
ALTER TABLE usage ADD CONSTRAINT quantity_bound CHECK (quantity < 1e8) NOT VALID;
ALTER TABLE instances ADD CONSTRAINT instances_bound CHECK (cpu_cores < 1e8 AND memory_gib < 1e8) NOT VALID;
