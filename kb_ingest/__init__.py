"""Bringing knowledge in and taking it out."""
