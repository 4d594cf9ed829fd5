"""Public keys: which web sites may embed an agent, and how."""
