"""Reads usage from a Prometheus-compatible server and writes usage lines into the ledger.

client.py sends a query, queries.py has every query, windows.py puts the samples of an hour together, pods.py,
machines.py, volumes.py and network.py make the lines, reading.py reads an hour, and meter.py decides which hours.
store.py hands the lines to the ledger.
"""
