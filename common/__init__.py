"""What every billing function shares; start reading at function.py. Imports nothing from functions/."""
