"""One person's data: taken out whole, erased everywhere, and kept no longer than its tenant wants."""
