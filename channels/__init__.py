"""Kinds of doors: each adapter knows its platform and core, and nothing of the desk or the bot."""
