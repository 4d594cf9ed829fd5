"""Requests that came with an `Idempotency-Key`: each is done once, and answered the same again."""
