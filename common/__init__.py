"""The code that all billing functions share. Start with function.py. Imports nothing from functions/."""
