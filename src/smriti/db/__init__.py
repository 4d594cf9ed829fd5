"""The one table: a port of a few verbs, an embedded engine and a DynamoDB engine behind it."""
