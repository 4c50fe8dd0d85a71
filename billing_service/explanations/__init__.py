"""The rows that a figure is made of: exact amounts that, with the rounding, add up to what is shown."""
