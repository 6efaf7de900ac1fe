"""What a command could not do, in one sentence that says what to do instead."""

from core.errors import UsageProblem


class CommandProblem(UsageProblem):
    """Printed without a traceback; the exit status is 1."""
