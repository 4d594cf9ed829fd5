"""Tools that are part of the house, one file a family."""
