"""The `smriti` command: the server, and what is done at its side from a terminal."""
