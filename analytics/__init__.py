"""Figures about the service."""
