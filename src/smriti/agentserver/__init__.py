"""The older server's three routes, on top of agents and conversations."""
