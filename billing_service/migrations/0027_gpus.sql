-- GPUs that pods request. The number is the next free one: an installation may have SKUs of its own.
INSERT INTO skus (id, code, component, unit, basis)
SELECT max(id) + 1, 'gpu_hour', 'gpu', 'GPU hour', 'provisioned' FROM skus
HAVING NOT EXISTS (SELECT FROM skus WHERE code = 'gpu_hour');
