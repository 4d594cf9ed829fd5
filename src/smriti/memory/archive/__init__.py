"""The archive: passages without number, found by searching."""
