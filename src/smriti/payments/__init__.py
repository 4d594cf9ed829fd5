"""Plans: what they cost and what they allow."""
