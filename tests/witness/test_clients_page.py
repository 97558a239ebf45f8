"""The code that the page on clients shows is the code that the witnesses run."""

from pathlib import Path

import pytest
from support.clients_page import code

PROGRAMS = Path(__file__).with_name("programs")


@pytest.mark.parametrize("function", [part for block in code() for part in block.split("\n\n\n")])
def test_what_is_shown_is_what_runs(function):
    found = [path for path in PROGRAMS.glob("*.py") if function.rstrip() in path.read_text("utf-8")]
    assert found


def test_every_client_shows_some():
    assert len(code()) == 7
