"""What was said: messages of conversations, long ones in pieces."""
