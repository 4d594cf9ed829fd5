"""Talking to models: one vocabulary, one port, one adapter a wire API."""
