"""Forecasts of daily usage, their price, and days outside of what was forecast for them."""
