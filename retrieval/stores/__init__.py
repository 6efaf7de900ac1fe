"""The one place of retrieval that touches the database: published entries in, revisions out."""
