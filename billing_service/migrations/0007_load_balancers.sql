-- What the meter writes beside the five resources of the usage files.
INSERT INTO skus VALUES (6, 'load_balancer_hour', 'network', 'load balancer hour', 'provisioned');
