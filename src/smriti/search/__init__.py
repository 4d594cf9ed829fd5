"""Search over everything a user has: agents, conversations, memories, messages."""
