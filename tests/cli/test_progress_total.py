"""A bar whose end nobody knows counts no steps."""

import io
import sys

import pytest

from xq.cli.output import progress_bar


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("total", "shown"), [(None, False), (4, True)])
def test_steps_are_shown_where_their_number_is_known(
    monkeypatch: pytest.MonkeyPatch, total: float | None, shown: bool
) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("checking", total, enabled=True):
        pass
    text = terminal.getvalue()
    assert "checking" in text
    assert ("0/4" in text) is shown
    assert "/?" not in text
