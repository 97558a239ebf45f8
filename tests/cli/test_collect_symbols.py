"""Lists of symbols as people have them: odd files, unknown names, and who is told what."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.archive_server import ArchiveServer, bar_line, path_of, put

Run = Callable[..., Any]
DAY = ("--exchange", "sim", "--days", "1")
HOUR = 3_600_000

LISTS = {
    "windows": b"\xef\xbb\xbf# mine\r\nBTC/USDT\r\n\r\n  eth/usdt   # the other\r\nBTC/USDT\r\n",
    "old mac": b"BTC/USDT\r\rETH/USDT\r",
    "one line": b"BTC/USDT, eth/usdt;BTC/USDT",
    "a column": b'"BTC/USDT",\n"ETH/USDT",\n',
    "no last line end": b"BTC/USDT\n\n\nETH/USDT",
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_as_people_have_it(xq: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "mine.txt").write_bytes(LISTS[name])
    result = xq("collect", "--symbols-file", "mine.txt", *DAY)
    result.check(0, stderr="")
    assert [row["symbol"] for row in result.rows] == ["BTC/USDT", "ETH/USDT"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected symbols, one a line, found none"),
        (b"# nothing\r\n\r\n", "expected symbols, one a line, found none"),
        (b"\xff\xfeB\0T\0C\0", "expected text in UTF-8"),
        (b"BTCUSDT\n", "a symbol is written BASE/QUOTE, found 'BTCUSDT'"),
        (b"NOPE/USDT\n", "no symbol named 'NOPE/USDT'"),
    ],
)
def test_a_list_without_any_symbol(xq: Run, tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "mine.txt").write_bytes(content)
    result = xq("collect", "--symbols-file", "mine.txt", *DAY)
    result.check(2, "")
    assert message in result.stderr


@pytest.mark.parametrize("kind", ["ohlcv", "instruments"])
def test_bad_symbols_harm_no_other_and_are_named(xq: Run, tmp_path: Path, kind: str) -> None:
    (tmp_path / "mine.txt").write_text("BTCUSDT\nBTC/USDT\nNOPE/USDT\nETH/USDT\n")
    when = DAY if kind == "ohlcv" else DAY[:2]
    result = xq("collect", "--symbols-file", "mine.txt", "--kind", kind, *when)
    result.check(2)
    assert [row["symbol"] for row in result.rows] == ["BTC/USDT", "ETH/USDT"]
    assert {row["new"] for row in result.rows} == {24 if kind == "ohlcv" else 1}
    assert "error: 2 symbols failed (BTCUSDT, NOPE/USDT); first: a symbol is wr" in result.stderr
    assert "NOPE/USDT: no symbol named 'NOPE/USDT'; did you mean 'OP/USDT'?" in result.stderr
    stored = {row["symbol"] for row in xq("data", "ls").rows}
    assert stored == {"BTC/USDT", "ETH/USDT"}


def test_one_bad_symbol_among_good_ones_is_the_error(xq: Run) -> None:
    result = xq("collect", "--symbol", "BTC/USDT", "--symbol", "NOPE/USDT", *DAY)
    result.check(2)
    assert [row["symbol"] for row in result.rows] == ["BTC/USDT"]
    assert result.stderr.startswith("error: no symbol named 'NOPE/USDT'")


def test_pairs_among_contracts_are_named(xq: Run) -> None:
    both = ("--symbol", "BTC/USDT", "--symbol", "BTC/USDT:USDT", "--kind", "funding")
    result = xq("collect", *both, *DAY)
    result.check(2)
    assert [(row["symbol"], row["new"]) for row in result.rows] == [("BTC/USDT:USDT", 4)]
    assert "funding is of contracts, found BTC/USDT" in result.stderr


def test_many_failures_are_counted(xq: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("BTC/USDT\n" + "".join(f"X{n}/USDT\n" for n in range(14)))
    result = xq("collect", "--symbols-file", "mine.txt", *DAY)
    result.check(2)
    assert "error: 14 symbols failed (X0/USDT, " in result.stderr
    assert ", X9/USDT and 4 more); first: no symbol named 'X0/USDT'" in result.stderr
    assert "X13/USDT: no symbol named" in result.stderr


def test_a_failure_is_json_where_json_is_asked_for(xq: Run) -> None:
    result = xq(
        "collect", "--symbol", "BTC/USDT", "--symbol", "NOPE/USDT", "--output", "json", *DAY
    )
    result.check(2)
    assert '"exit_code": 2' in result.stderr.splitlines()[-1]
    assert '"symbol": "BTC/USDT"' in result.stdout


def test_the_report_says_which_way_each_symbol_came(
    xq: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    span = ("--exchange", "sim", "--since", "2023-12-29", "--until", "2023-12-31")
    xq("collect", "--symbol", "BTC/USDT", *span).check(0)
    [leaf] = (tmp_path / "data" / "ohlcv").rglob("part.parquet")
    rows = pq.ParquetFile(leaf).read().to_pylist()
    xq("data", "rm", "--symbol", "BTC/USDT", "--yes").check(0)
    root = tmp_path / "archive"
    names = ("open", "high", "low", "close", "volume")
    for day in ("2023-12-29", "2023-12-30"):
        lines = [
            bar_line(int(row["ts"].timestamp() * 1000), [row[name] for name in names], HOUR)
            for row in rows
            if row["ts"].isoformat().startswith(day)
        ]
        put(root, path_of("spot", "klines", "BTCUSDT", day, "1h"), lines)
    with ArchiveServer(root) as server:
        monkeypatch.setenv("XQ_EXCHANGE__ARCHIVE_URL", server.url)
        both = ("--symbol", "BTC/USDT", "--symbol", "ETH/USDT", "--source", "archive")
        result = xq("collect", *both, *span)
    result.check(0)
    via = {row["symbol"]: (row["via"], row["new"]) for row in result.rows}
    assert via == {"BTC/USDT": ("archive", 48), "ETH/USDT": ("rest", 48)}
    missing = "2 files, 2023-12-29 to 2023-12-30"
    assert f"ETH/USDT ohlcv: not in the archive, taken by REST: {missing}" in result.stderr
    again = xq("collect", "--symbol", "BTC/USDT", *span)
    assert [(row["via"], row["new"]) for row in again.rows] == [("lake", 0)]
