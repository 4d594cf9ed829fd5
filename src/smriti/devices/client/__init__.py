"""A device of our own: connects a machine to a server, and does what its sessions ask for."""
