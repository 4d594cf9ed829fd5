"""Ways to think, one file each behind the port in `turns/architecture.py`."""
