"""Web pages as sources: fetched politely, and never from inside the house."""
