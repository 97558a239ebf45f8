"""Text for people, folded at words where a terminal is narrow."""

import sys
from shutil import get_terminal_size
from textwrap import wrap

_ENDLESS = 10_000


def terminal_width() -> int:
    """Columns of the terminal that shows stdout; no limit for files and pipes."""
    return get_terminal_size().columns if sys.stdout.isatty() else _ENDLESS


def fold(text: str, width: int) -> str:
    """Lines wider than the terminal go on below, two signs further in; no word is broken.

    Examples
    --------
    >>> print(fold("  costs: fee 0.1 % on each fill", 20))
      costs: fee 0.1 %
        on each fill
    """
    return "\n".join(part for line in text.split("\n") for part in _parts(line, width))


def _parts(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    return wrap(
        line.strip(),
        max(1, width),
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
