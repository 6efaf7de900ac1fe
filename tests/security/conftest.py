"""The browser of the end-to-end tests, for attacks."""

from tests.e2e.conftest import browser

__all__ = ["browser"]
