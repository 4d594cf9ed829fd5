"""Smriti, an agent server that remembers."""
