"""Blocks: named, numbered lines that stand in the prompt at every step."""
