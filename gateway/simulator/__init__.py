"""A provider that behaves: three dialects, prompt caches that age, its own bill and faults on demand. No model inside.

`create` in `app.py` is the ASGI application; `pointsman simulate` serves it.
"""
