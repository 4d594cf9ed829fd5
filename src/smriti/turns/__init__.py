"""Thinking: from a question to its stored answer."""
