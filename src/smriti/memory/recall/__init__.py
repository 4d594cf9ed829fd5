"""Recall: what was said in past conversations, found by searching."""
