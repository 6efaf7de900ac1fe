"""Tenants, the people who work for them, who is asking, and what they may do."""
