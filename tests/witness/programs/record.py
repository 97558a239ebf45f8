"""What a foreign program saw: one row per call, printed as JSON; the standard library alone."""

import json
import sys


class Record:
    """Calls and their outcomes, in order."""

    def __init__(self):
        self.rows = []

    def note(self, call, outcome="ok", detail=""):
        self.rows.append({"call": call, "outcome": outcome, "detail": str(detail)[:400]})

    def call(self, name, function, *args, **options):
        """Call it; None if it failed."""
        try:
            value = function(*args, **options)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the outcome
            self.note(name, type(error).__name__, error)
            return None
        self.note(name, detail=outline(value))
        return value

    async def wait(self, name, made):
        """Wait for a call; None if it failed."""
        try:
            value = await made
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the outcome
            self.note(name, type(error).__name__, error)
            return None
        self.note(name, detail=outline(value))
        return value

    def finish(self):
        json.dump(self.rows, sys.stdout)


def outline(value):
    """The kind of an answer: rows of a list, keys of a mapping."""
    if isinstance(value, list):
        return f"{type(value).__name__} of {len(value)}"
    return type(value).__name__
