"""The line of a terminal session: editing, completion and a history file, where there are any."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Self

from xq.cli.output import print_note

_KEPT = 1000
_PRIVATE = 0o600
_LEAVE = (".quit", ".exit")


class Line:
    """Editing of typed lines while the context lasts.

    Parameters
    ----------
    history
        File of what was typed; readable by its owner only.
    words
        What the tab key completes.
    """

    def __init__(
        self, history: Path, words: Sequence[str], read: Callable[[str], str] = input
    ) -> None:
        self._history = history
        self._words = [*words, *_LEAVE]
        self._read = read
        self._library = _library()

    def __enter__(self) -> Self:
        if self._library is not None:
            self._library.clear_history()
            with contextlib.suppress(OSError):  # none yet, or not ours: a session without a past
                self._library.read_history_file(self._history)
            self._library.set_auto_history(False)
            self._library.set_history_length(_KEPT)
            self._library.set_completer(self._completion)
            self._library.set_completer_delims(" \t\n,();=<>")
            self._library.parse_and_bind("tab: complete")
        return self

    def __exit__(self, *_: object) -> None:
        if self._library is not None:
            self._library.set_auto_history(True)
            self._library.set_completer(None)

    def entries(self) -> Iterator[str]:
        """Commands and whole statements until the person leaves."""
        text = ""
        while True:
            try:
                text += self._read(" ..> " if text else "xq> ") + "\n"
            except (KeyboardInterrupt, EOFError) as end:
                print_note("")
                if isinstance(end, EOFError):
                    return
                text = ""
                continue
            entry = text.strip()
            if entry in _LEAVE:
                return
            if entry.startswith(".") or (entry and sqlite3.complete_statement(entry)):
                text = ""
                self._remember(entry)
                yield entry
            elif not entry:
                text = ""

    def _remember(self, entry: str) -> None:
        # One line, so that it comes back as one, unless a comment would swallow the rest.
        if self._library is None:
            return
        lines = entry.splitlines() if "--" in entry else [" ".join(entry.split("\n"))]
        for line in lines:
            self._library.add_history(line)
        with contextlib.suppress(OSError):  # a full disk must not end the session
            self._history.parent.mkdir(parents=True, exist_ok=True)
            self._history.touch(_PRIVATE)
            self._library.write_history_file(self._history)

    def _completion(self, text: str, state: int) -> str | None:
        found = [word for word in self._words if word.startswith(text.lower())]
        return found[state] if state < len(found) else None


def _library() -> ModuleType | None:
    try:
        import readline
    except ImportError:  # Windows, and some builds of Python
        return None
    return readline
