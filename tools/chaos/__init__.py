"""Fault injection: real clients, a recorded history, and checkers that compare it with the final database.

`./yingda chaos` runs it long and writes docs/chaos-report.md; tests/chaos runs it short. Method and results:
docs/messaging.md.
"""
