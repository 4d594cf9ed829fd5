"""Who calls: tokens, sign-in links, local accounts, Google, and what routes ask of a caller."""
