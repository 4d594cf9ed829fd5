"""Import and export: agents with all that they remember, and whole accounts, as files."""
