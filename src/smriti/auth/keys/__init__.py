"""API keys: for programs and machines that act for a user."""
