"""Model providers, one adapter a wire API. Only `app.py` imports from here."""
