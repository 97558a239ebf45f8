"""``xq strategies`` as it is typed."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from support.plugins import plugin, walk

from xq.bars import FIELDS
from xq.lake.layout import Dataset
from xq.lake.writer import LakeWriter

CHECKS = ["law", "warm-up", "price units", "symbol order", "other futures", "parameter corners"]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    bars = walk(1500)
    columns = {"ts": pa.array(bars.ts, pa.timestamp("ms", "UTC"))}
    columns |= {name: pa.array(getattr(bars, name)[:, 0]) for name in FIELDS}
    writer = LakeWriter(tmp_path / "data")
    writer.upsert(Dataset("ohlcv", "binance", "BTC/USDT", "1h"), pa.table(columns))
    return tmp_path


def test_new_list_check(xq: Callable, workspace: Path) -> None:
    made = xq("strategies", "new", "my_idea")
    path = workspace / "strategies" / "my_idea.py"
    assert made.rows == [{"name": "my_idea", "path": str(path)}]
    assert made.stderr == "next: xq strategies check my_idea\n"
    (listed,) = xq("strategies", "list").rows
    assert listed == {
        "name": "my_idea",
        "title": "What this strategy does, in one line",
        "source": "who described it, and where",
        "parameters": "length=100 overheated=80.0",
        "lookback": 388,
        "path": str(path),
        "error": None,
    }
    done = xq("strategies", "check", "my_idea", "--param", "length=50")
    done.check(0)
    (report,) = done.rows
    assert report["parameters"] == {"length": 50, "overheated": 80.0}
    assert (report["bars"], report["checked"]) == (1500, 1500 - 387)
    assert report["thin_margins"] == []
    assert [row["check"] for row in report["checks"]] == CHECKS
    assert {row["result"] for row in report["checks"]} == {"holds"}
    assert all(row["asked"] > 0 for row in report["checks"])
    assert done.stderr == "the law holds: 1113 rows asked again, twice each\n"


def test_check_takes_a_range_and_a_sample(xq: Callable, workspace: Path) -> None:
    xq("strategies", "new", "my_idea")
    ranged = xq("strategies", "check", "my_idea", "--days", "10").rows[0]
    assert (ranged["bars"], ranged["checked"]) == (240 + 387, 240)
    since = xq("strategies", "check", "my_idea", "--since", "1970-02-01", "--rows", "30").rows[0]
    assert (since["start"], since["checked"]) == ("1970-02-01T00:00:00Z", 30)


def test_the_config_sets_parameters_and_the_flag_outranks_it(xq: Callable, workspace: Path) -> None:
    xq("strategies", "new", "my_idea")
    (workspace / "xq.toml").write_text("[strategy.my_idea]\nlength = 60\noverheated = 70\n")
    report = xq("strategies", "check", "my_idea", "--param", "length=50", "--rows", "5").rows[0]
    assert report["parameters"] == {"length": 50, "overheated": 70.0}


def test_a_file_without_a_docstring_works_and_is_not_called_broken(
    xq: Callable, workspace: Path
) -> None:
    xq("strategies", "new", "bare")
    path = workspace / "strategies" / "bare.py"
    path.write_text(path.read_text().partition("\n")[2])
    table = xq("strategies", "list", "--output", "table")
    assert "(no docstring)" in table.stdout
    assert "(broken)" not in table.stdout


def test_a_method_that_returns_nothing_is_told_so(xq: Callable, workspace: Path) -> None:
    xq("strategies", "new", "silent")
    path = workspace / "strategies" / "silent.py"
    path.write_text(path.read_text().replace("return np.where", "np.where"))
    refused = xq("strategies", "check", "silent", "--rows", "5")
    assert refused.exit_code == 5
    assert ", found None\n" in refused.stderr


def test_a_broken_file_is_listed_with_its_error(xq: Callable, workspace: Path) -> None:
    xq("strategies", "new", "my_idea")
    broken = workspace / "strategies" / "broken.py"
    broken.write_text("import nothing_like_this\n")
    done = xq("strategies", "list")
    assert done.exit_code == 0
    by_name = {row["name"]: row for row in done.rows}
    assert by_name["my_idea"]["error"] is None
    assert by_name["broken"]["error"] == (
        f"ModuleNotFoundError: No module named 'nothing_like_this' ({broken}:1)"
    )
    table = xq("strategies", "list", "--output", "table")
    assert "(broken)" in table.stdout
    assert f"({broken}:1)" in table.stderr
    xq("strategies", "check", "my_idea", "--rows", "5").check(0)


def test_a_leak_is_refused_with_the_place(xq: Callable, workspace: Path) -> None:
    plugin(
        workspace / "strategies",
        "return np.where(bars.close > bars.close.mean(axis=0), 1.0, 0.0)",
        name="leak",
    )
    done = xq("strategies", "check", "leak")
    assert done.exit_code == 5
    (report,) = done.rows
    (law,) = report["checks"]
    assert (law["check"], law["result"]) == ("law", "fails")
    first, where, hint = done.stderr.splitlines()
    assert first.startswith("error: the weight of BTC/USDT at 1970-0")
    assert first.endswith(("the bars after it and 0 without them", "it and 1 without them"))
    assert first == f"error: {law['finding']}"
    assert where == f"  where: {workspace / 'strategies' / 'leak.py'}"
    assert hint.startswith("  hint:  use only rows up to t")


def test_what_a_plugin_prints_goes_to_stderr_marked(xq: Callable, workspace: Path) -> None:
    body = "print('noise')\nreturn bars.close * 0"
    plugin(workspace / "strategies", body, name="loud")
    done = xq("strategies", "check", "loud", "--rows", "5", "--output", "table")
    assert "noise" not in done.stdout
    assert "loud printed: noise\n" in done.stderr
    assert done.stderr.count("noise") == 1
    assert xq("strategies", "check", "loud", "--rows", "5").rows[0]["printed"] == "noise\n"


def test_the_table_names_every_check(xq: Callable, workspace: Path) -> None:
    xq("strategies", "new", "my_idea")
    done = xq("strategies", "check", "my_idea", "--rows", "20", "--output", "table")
    done.check(0)
    shown = [line.split("  ")[0].strip() for line in done.stdout.splitlines() if "holds" in line]
    assert shown == CHECKS


def test_another_unit_of_price_is_a_finding_with_rows(xq: Callable, workspace: Path) -> None:
    body = "return np.where(bars.close > 100.0, 1.0, 0.0)"
    plugin(workspace / "strategies", body, name="level", lookback="1")
    done = xq("strategies", "check", "level", "--rows", "20")
    assert done.exit_code == 5
    by_name = {row["check"]: row for row in done.rows[0]["checks"]}
    units = by_name.pop("price units")
    assert {row["result"] for row in by_name.values()} <= {"holds", "not asked"}
    assert units["result"] == "fails"
    assert units["finding"].startswith("with prices times 1000, ")
    assert len(units["rows"]) == 5
    assert "error: with prices times 1000, " in done.stderr
    assert "hint:  compare prices with prices" in done.stderr


def test_an_endless_strategy_is_killed_and_told(xq: Callable, workspace: Path) -> None:
    plugin(workspace / "strategies", "while True: pass", name="endless")
    done = xq("strategies", "check", "endless", "--seconds", "2")
    assert done.exit_code == 5
    assert done.rows[0]["checks"][0]["finding"] == "no answer before the deadline"
    assert done.stderr.startswith("error: no answer before the deadline\n")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["check", "my_ide"], 2, "no strategy named 'my_ide'; did you mean 'my_idea'?"),
        (["check", "my_idea", "--param", "lenght=3"], 2, "did you mean 'length'?"),
        (["check", "my_idea", "--param", "length=3"], 2, "between 10 and 1000 bars, found 3"),
        (["check", "my_idea", "--param", "length"], 2, "written name=value, found 'length'"),
        (["check", "my_idea", "--symbol", "ETH/USDT"], 4, "no 1h bars of ETH/USDT stored"),
        (["check", "my_idea", "--days", "0"], 2, "--days above 0 and at most 15000, found 0"),
        (["check", "my_idea", "--timeframe", "2x"], 2, "no timeframe named '2x'"),
        (["check", "my_idea", "--param", "length=1000", "--since", "1970-02-20"], 4,
         "needs 1000 bars for its first weight"),
        (["new", "my-idea"], 2, "named with letters, digits and _, found 'my-idea'"),
        (["new", "_mine"], 2, "found '_mine'"),
        (["new", "my_idea"], 2, "the strategy exists already"),
    ],
)  # fmt: skip
def test_refusals(
    xq: Callable, workspace: Path, arguments: list[str], code: int, message: str
) -> None:
    xq("strategies", "new", "my_idea")
    done = xq("strategies", *arguments)
    assert (done.exit_code, done.stdout) == (code, "")
    assert message in done.stderr


def test_an_empty_workspace_says_what_to_do(xq: Callable, tmp_path: Path) -> None:
    done = xq("strategies", "list")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "try: xq init my-folder" in done.stderr


def test_a_folder_that_cannot_be_written(xq: Callable, tmp_path: Path) -> None:
    (tmp_path / "strategies").write_text("a file where the folder should be")
    done = xq("strategies", "new", "my_idea")
    assert done.exit_code == 4
    assert done.stderr.startswith("error: cannot write")
