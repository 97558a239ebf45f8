"""The three standard streams, made safe to use before anything else happens."""

import os
import sys
from contextlib import suppress
from typing import TextIO

from xq.redact import clean


def mend() -> None:
    """Open closed streams on nothing, and let a poor encoding lose a sign rather than the run.

    A closed stream's number would otherwise go to the next file opened, a ledger for instance, and
    receive what was meant for the screen.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            _point_at_nothing(number)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))
        elif number and hasattr(stream, "reconfigure") and not is_unicode(stream):
            stream.reconfigure(errors="replace")


def is_unicode(stream: TextIO) -> bool:
    """Whether a stream can take every sign; one that does not say takes text as it is."""
    encoding = getattr(stream, "encoding", None)
    return encoding is None or encoding.lower().replace("-", "").startswith("utf")


def tell(text: str) -> None:
    """Write a line to stderr, no secret in it; where that is gone, the run goes on in silence."""
    try:
        sys.stderr.write(clean(text) + "\n")
        sys.stderr.flush()
    except OSError:
        abandon(sys.stderr)


def abandon(stream: TextIO) -> None:
    """Let whatever a stream still holds run into nothing, so that the exit code stays ours."""
    with suppress(OSError, ValueError):
        _point_at_nothing(stream.fileno())


def _point_at_nothing(number: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    if nothing != number:
        os.dup2(nothing, number)
        os.close(nothing)
