"""Every error class rendered once, as a person and as a program read it."""

import os
from pathlib import Path

from xq import errors
from xq.cli.output import to_json

GOLDEN = Path(__file__).with_name("errors.txt")


def _classes(root: type[errors.XqError]) -> list[type[errors.XqError]]:
    return [root, *(leaf for branch in root.__subclasses__() for leaf in _classes(branch))]


def _render() -> str:
    parts = []
    for cls in _classes(errors.XqError):
        error = cls("expected this, found that", where="xq.toml:17", hint="xq config show")
        parts.append(f"{cls.__name__} exits {cls.exit_code}\n{error}\n{to_json(error.as_dict())}\n")
    return "\n".join(parts)


def test_every_error_renders_as_agreed() -> None:
    if os.environ.get("XQ_TEST_GOLDEN") == "write":
        GOLDEN.write_text(_render(), encoding="utf-8")
    assert _render() == GOLDEN.read_text(encoding="utf-8")


def test_the_tree_drawn_in_the_docstring_is_the_tree() -> None:
    drawn = errors.__doc__ or ""
    for cls in _classes(errors.XqError):
        assert cls.__name__ in drawn
    for cls in errors.XqError.__subclasses__():
        line = next(line for line in drawn.splitlines() if cls.__name__ in line)
        assert str(cls.exit_code) in line.split()
