"""What an operator sees: logs, request ids, metrics, health."""
