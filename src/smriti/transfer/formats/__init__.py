"""What files can be imported: one module a format."""
