"""The internal billing API: metered usage and prices in PostgreSQL, turned into cost."""
