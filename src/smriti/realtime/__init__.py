"""What happens now: event logs with any number of readers, and Server-Sent Events."""
