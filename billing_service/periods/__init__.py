"""Months: open, provisional, closed; and the adjustments that correct a closed one."""
