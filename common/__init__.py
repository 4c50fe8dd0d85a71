"""What every billing function shares; start reading at function.py. Imports nothing from functions/."""

import os

# Before pydantic makes its first model: it would read every installed distribution's entry points for plugins.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
