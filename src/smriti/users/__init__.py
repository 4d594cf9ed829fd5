"""Accounts: who a person is, and how everything of a person is deleted."""
