"""Conversations: threads of an agent."""
