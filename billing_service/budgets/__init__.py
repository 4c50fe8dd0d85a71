"""Budgets: what may be spent in a period, the thresholds of it, and the history of changes and alerts."""
