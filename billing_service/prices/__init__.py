"""SKUs and their prices."""
