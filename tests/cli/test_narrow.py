"""Answers on terminals of 1 to 200 columns: nothing cut, no word, number or time broken."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from xq.cli.table import cell, fitting, layout, pairs

TIME = datetime(2024, 1, 1, 0, 7, 18, tzinfo=UTC)
FILLS = [
    {
        "ts": TIME, "symbol": "BTC/USDT", "side": "buy", "quantity": Decimal("0.2352"),
        "price": Decimal("42431.19"), "fee": Decimal("0.0002352"), "fee_asset": "BTC",
        "client_id": "xq-b74zz2esejttgiw7x2j2m6rkr3pzivta", "fill_id": "1", "note": "",
    },
    {
        "ts": TIME.replace(hour=1), "symbol": "BTC/USDT", "side": "sell",
        "quantity": Decimal("0.1"), "price": Decimal("42431.2"), "fee": Decimal("4.24312"),
        "fee_asset": "USDT", "client_id": "xq-c74zz2esejttgiw7x2j2m6rkr3pzivta", "fill_id": "2",
        "note": None,
    },
]  # fmt: skip
WORDS = [
    "the",
    "disk",
    "is",
    "full",
    "/a/rather/long/path/to/a/file",
    "xq-b74zz2esejtt",
    "42431.19",
]


def _shown(renderables: Sequence[Any], width: int) -> list[str]:
    file = StringIO()
    console = Console(file=file, width=10_000, highlight=False, markup=False, emoji=False)
    console.width = max([width, *(console.measure(item).minimum for item in renderables)])
    console.print(*renderables)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def _table(rows: Sequence[dict[str, Any]], width: int) -> list[str]:
    return _shown(fitting(list(rows[0]), rows, None, width), width)


@pytest.mark.parametrize("width", [1, 20, 40, 60, 80, 100, 120, 200])
def test_every_value_is_there_whole_at_every_width(width: int) -> None:
    text = "\n".join(_table(FILLS, width))
    assert "…" not in text
    for row in FILLS:
        for name, value in row.items():
            if width >= 40:
                assert cell(value) in text, (name, text)
            assert set(cell(value).split()) <= set(text.split()), (name, text)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(cell_len, _table(FILLS, width))) <= width
    assert max(map(cell_len, _shown([pairs(list(FILLS[0].items()), width)], width))) <= width


@pytest.mark.parametrize("seed", range(40))
def test_words_numbers_and_times_are_never_broken(seed: int) -> None:
    chance = random.Random(seed)
    kinds = [
        lambda: " ".join(chance.choices(WORDS, k=chance.randint(0, 9))),
        lambda: chance.uniform(-1e5, 1e5),
        lambda: chance.randint(0, 10**9),
        lambda: TIME.replace(minute=chance.randint(0, 59)),
        lambda: Decimal(chance.randint(1, 10**7)).scaleb(-5),
    ]
    makers = [chance.choice(kinds) for _ in range(chance.randint(1, 9))]
    rows = [{f"col_{at}": make() for at, make in enumerate(makers)} for _ in range(3)]
    width = chance.randint(20, 110)
    text = " ".join(_table(rows, width)).split()
    for row in rows:
        for value in row.values():
            assert set(cell(value).split()) <= set(text), (value, text)


def test_a_table_with_room_is_as_in_a_file() -> None:
    wide = _shown([layout(list(FILLS[0]), FILLS, None)], 200)
    assert _table(FILLS, 200) == wide


def test_close_columns_and_values_of_every_row_come_before_stacked_rows() -> None:
    rows = [
        {"symbol": f"A{n}/USDT", "exchange": "binance", "timeframe": "1h", "rows": n, "gaps": 0}
        for n in (1, 2)
    ]
    assert _table(rows, 49) == [
        "",
        " symbol    exchange   timeframe   rows   gaps",
        " ────────────────────────────────────────────",
        " A1/USDT   binance    1h             1      0",
        " A2/USDT   binance    1h             2      0",
        "",
    ]
    assert _table(rows, 40) == [
        "",
        " symbol  exchange timeframe rows gaps",
        " ────────────────────────────────────",
        " A1/USDT binance  1h           1    0",
        " A2/USDT binance  1h           2    0",
        "",
    ]
    assert _table(rows, 24) == [
        "in every row: exchange",
        "binance · timeframe 1h ·",
        "gaps 0",
        "",
        " symbol  rows",
        " ────────────",
        " A1/USDT    1",
        " A2/USDT    2",
        "",
    ]
    assert _table(rows, 13)[:3] == ["── row 1 ────", "symbol", "  A1/USDT"]


def test_names_and_values_beside_or_below_each_other() -> None:
    items = [("run_id", "a3ff7cc10ce78445"), ("note", "one two three"), ("none", None), ("e", "")]
    assert _shown([pairs(items, 30)], 30) == [
        "run_id  a3ff7cc10ce78445", "note    one two three", "none", "e",
    ]  # fmt: skip
    assert _shown([pairs(items, 22)], 22) == [
        "run_id", "  a3ff7cc10ce78445", "note    one two", "        three", "none", "e",
    ]  # fmt: skip


def test_data_is_shown_as_it_is_and_cannot_steer_the_terminal() -> None:
    rows = [{"a": "[red]x[/red] [/] :smile:", "b": "\x1b[31mred\x07", "[bold]": "two\nlines"}]
    text = "\n".join(_shown([layout(list(rows[0]), rows, "[title]")], 200))
    for part in ("[red]x[/red] [/] :smile:", r"\x1b[31mred\x07", "[bold]", "two", "lines"):
        assert part in text
    assert "\x1b" not in text
