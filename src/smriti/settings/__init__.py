"""What a user has set up: the model providers and their credentials."""
