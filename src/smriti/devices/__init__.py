"""Machines: devices that execute commands, constellations that orchestrate them (AIP)."""
