"""Settings, errors, ids, clock, events, logs, language. Imports nothing of ours; holds nothing about the trade."""
