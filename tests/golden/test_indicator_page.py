"""The tables of docs/indicators.md are those of the registry, and its blocks are typed."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from support.console import commands, matches, typed

from xq.api.indicators import IndicatorRow, listing

PAGE = Path(__file__).resolve().parents[2] / "docs" / "indicators.md"
MADE = re.compile(r"(?<=<!-- made from the registry -->\n).*?(?=<!-- end -->)", re.DOTALL)


def _tables() -> str:
    rows = listing()
    head = "| use | what | outputs | units | memory | kind |\n|---|---|---|---|---|---|\n"
    table = head + "".join(_line(row) for row in rows)
    return f"\n{table}\n" + "\n".join(line for row in rows for line in _facts(row)) + "\n\n"


def _line(row: IndicatorRow) -> str:
    cells = (f"`{row.use}`", row.title, row.outputs, row.units, f"{row.memory:,}", row.kind)
    return f"| {' | '.join(cells)} |\n"


def _facts(row: IndicatorRow) -> Iterator[str]:
    ddof = "" if row.ddof is None else f"ddof {row.ddof}"
    said = {
        "": row.source,
        "takes": row.inputs.replace(" ", ", "),
        "ranges": row.parameters,
        "convention": "; ".join(filter(None, (row.convention, ddof))),
        "start": row.start,
        "anchor": row.anchor,
        "no value": row.undefined,
    }
    facts = (f"{name}: {text}" if name else text for name, text in said.items() if text)
    yield f"- **{row.name}**: {'. '.join(facts)}."


def test_the_tables_are_the_registry() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert len(MADE.findall(text)) == 1
    if os.environ.get("XQ_TEST_GOLDEN") == "write":
        text = MADE.sub(lambda _: _tables(), text)
        PAGE.write_text(text, encoding="utf-8")
    assert MADE.findall(text) == [_tables()]


def test_the_page_shows_what_happens(tmp_path: Path) -> None:
    found = commands(PAGE.read_text(encoding="utf-8"))
    assert len(found) >= 8
    folder = tmp_path
    for command, wanted in found:
        if command.startswith("cd "):
            folder /= command.removeprefix("cd ").strip()
            continue
        code, shown = typed(command, folder)
        assert code == 0, f"$ {command}\n{shown}"
        assert matches(wanted, shown), f"$ {command}\n--- page\n{wanted}\n--- shown\n{shown}"
