"""What an agent remembers of somebody: blocks in its prompt, and a searchable archive."""
