"""Characters, as ElizaOS describes them in files: read, and told as the persona of an agent."""
