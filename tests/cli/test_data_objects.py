"""Every command over a lake in a bucket: the same words, the same exit codes."""

import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.object_store import BUCKET, ObjectStore

from xq.lake.objects.address import connect, parse
from xq.lake.objects.bucket import Bucket

Run = Callable[..., Any]
HEAD = "ts,open,high,low,close,volume\n"
BTC = ("--symbol", "BTC/USDT")


@pytest.fixture
def bucket(xq: Run, s3: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The workspace here has its lake in a bucket; its keys are in .env."""
    url = f"s3://{BUCKET}/cli/{tmp_path.parent.name}/{tmp_path.name}"
    xq("init", ".", "--exchange", "sim").check(0)
    (tmp_path / ".env").write_text("".join(f"{k}={v}\n" for k, v in s3.environ.items()))
    (tmp_path / ".env").chmod(0o600)
    text = (tmp_path / "xq.toml").read_text()
    (tmp_path / "xq.toml").write_text(text.replace('# path = "data"', f'path = "{url}"'))
    assert url in (tmp_path / "xq.toml").read_text()
    monkeypatch.chdir(tmp_path)
    return url


def test_from_the_venue_to_a_backtest_and_back(xq: Run, bucket: str, tmp_path: Path) -> None:
    [collected] = xq("collect", *BTC, "--days", 40).rows
    assert (collected["bars"], collected["new"], collected["missing"]) == (960, 960, 0)
    [again] = xq("collect", *BTC, "--days", 40).rows
    assert (again["new"], again["via"]) == (0, "lake")
    [listed] = xq("data", "ls").rows
    assert (listed["rows"], listed["gaps"], listed["symbol"]) == (960, 0, "BTC/USDT")
    [counted] = xq("sql", "SELECT count(*) AS n, max(known_at) AS last FROM ohlcv_known").rows
    assert counted["n"] == 960
    run = xq("backtest", *BTC, "--param", "slow=20", "--save").rows[0]
    assert [row["run_id"] for row in xq("runs", "list").rows] == [run["run_id"]]
    columns = xq("indicators", "ema", *BTC, "--store").rows
    assert columns
    kinds = {row["kind"] for row in xq("data", "ls").rows}
    assert {"ohlcv", "runs", "equity", "features"} <= kinds
    xq("trade", "--once", "--mode", "sim").check(0)
    assert not (tmp_path / "data" / "ohlcv").exists()


def test_the_same_backtest_as_from_a_folder(xq: Run, bucket: str, tmp_path: Path) -> None:
    """Rows, hash and result do not depend on where the lake is kept."""
    runs = []
    for path in (bucket, "data"):
        flags = ("collect", *BTC, "--days", 40)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XQ_LAKE__PATH", path)
            xq(*flags).check(0)
            runs.append(xq("backtest", *BTC, "--param", "slow=20").rows[0])
    assert runs[0]["data_hash"] == runs[1]["data_hash"]
    assert runs[0]["metrics"] == runs[1]["metrics"]


@pytest.fixture
def bars(xq: Run, bucket: str, tmp_path: Path) -> str:
    """Bars of two symbols in the bucket; hours 2 and 3 of 2024 are missing."""
    path = tmp_path / "bars.csv"
    rows = ["2023-12-31T23:00Z", *(f"2024-01-01T{hour:02}:00Z" for hour in (0, 1, 4))]
    path.write_text(HEAD + "".join(f"{ts},10,{12 + n},9,11,1\n" for n, ts in enumerate(rows)))
    for symbol in ("BTC/USDT", "ETH/USDT"):
        xq("data", "import", path, "--symbol", symbol, "--exchange", "binance").check(0)
    return bucket


def test_housekeeping(xq: Run, bars: str, tmp_path: Path) -> None:
    rows = xq("data", "ls").rows
    assert [(row["rows"], row["missing"]) for row in rows] == [(4, 2), (4, 2)]
    sizes = sum(row["bytes"] for row in rows)
    xq("data", "verify").check(0, "", f"4 files, {sizes:,} bytes: as committed\n")
    parts = {row["part"]: row["files"] for row in xq("data", "du").rows}
    assert parts["ohlcv BTC/USDT 1h on binance"] == 2
    assert parts[".xq"] == 3, "two heads and the format"
    assert [row["missing"] for row in xq("data", "gaps").rows] == [2, 2]
    assert xq("data", "coverage").rows[0]["stored"] == 4
    assert {row["rule"] for row in xq("data", "check").rows} == {"gap"}
    watched = xq("data", "watch", *BTC, "--exchange", "binance", "--cycles", 1, "-n", 2)
    assert [row["ts"] for row in watched.rows] == ["2024-01-01T01:00:00Z", "2024-01-01T04:00:00Z"]
    assert [row["rewritten"] for row in xq("data", "compact").rows] == [0, 0]
    export = ("data", "export", "btc.csv", *BTC, "--exchange", "binance")
    xq(*export).check(0)
    assert (tmp_path / "btc.csv").read_text().count("\n") == 5
    xq("data", "rm", *BTC, "--yes").check(0)
    assert [row["symbol"] for row in xq("data", "ls").rows] == ["ETH/USDT"]
    assert xq(*export, "--force").exit_code == 4


def test_an_object_that_was_changed_is_refused_named_and_repaired(
    xq: Run, bucket: str, tmp_path: Path, s3: ObjectStore
) -> None:
    xq("collect", *BTC, "--days", 20).check(0)
    shutil.rmtree(tmp_path / "state" / "lake")
    path = _harm(s3, bucket)
    refused = xq("data", "export", "x.csv", *BTC)
    assert (refused.exit_code, "hint:  xq data repair --symbol" in refused.stderr) == (4, True)
    result = xq("data", "verify")
    assert result.exit_code == 4
    assert [(row["rule"], row["path"]) for row in result.rows] == [("changed", path)]
    assert "hint:  xq data repair" in result.stderr
    xq("data", "repair").check(0)
    xq("data", "verify").check(0)
    assert xq("sql", "SELECT count(*) AS n FROM ohlcv").rows == [{"n": 480}]


def _harm(s3: ObjectStore, url: str) -> str:
    """Cut the tail of the one file of bars, as another program would; tells its name."""
    bucket = Bucket(connect(parse(url), s3.environ), parse(url))
    [key] = [item.key for item in bucket.list("ohlcv")]
    found = bucket.get(key)
    assert found is not None
    bucket.put(key, found[0][:-9])
    return bucket.url(key)


def test_refusals_are_ours(xq: Run, bars: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**environ: str) -> tuple[int, dict[str, Any]]:
        with monkeypatch.context() as patch:
            for name, text in environ.items():
                patch.setenv(name, text)
            result = xq("data", "ls", "--output", "json")
        assert "Traceback" not in result.stderr
        assert "not-a-secret" not in result.stderr
        return result.exit_code, json.loads(result.stderr)

    code, error = refused(XQ_LAKE__PATH="s4://bucket/x")
    assert (code, error["error"], error["where"]) == (3, "ConfigError", "lake.path")
    code, error = refused(XQ_LAKE__PATH="s3://no-such-bucket/x")
    assert (code, error["error"]) == (4, "StorageFailed")
    code, error = refused(AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert (code, "cannot be reached" in error["message"]) == (4, True)
    code, error = refused(AWS_ACCESS_KEY_ID="")
    assert (code, error["error"]) == (3, "CredentialsMissing")
    folder = next(Path("state/lake").glob(f"{BUCKET}-*"))
    code, error = refused(XQ_LAKE__PATH=str(folder))
    assert (code, error["hint"]) == (3, f"set lake.path to {bars}")


def test_doctor_looks_at_the_bucket(xq: Run, bars: str) -> None:
    checks = {row["check"]: row for row in xq("doctor").rows}
    assert checks["folders"]["detail"].startswith(f"lake {bars}, ")
    assert checks["lake"] == {
        "check": "lake", "status": "ok", "detail": "2 datasets, no fault", "hint": None,
    }  # fmt: skip


def test_a_changed_object_is_set_aside_and_collected_again(
    xq: Run, bucket: str, tmp_path: Path, s3: ObjectStore
) -> None:
    xq("collect", *BTC, "--days", 20).check(0)
    shutil.rmtree(tmp_path / "state" / "lake")
    _harm(s3, bucket)
    refused = xq("data", "export", "x.csv", *BTC)
    [aside] = [line for line in refused.stderr.splitlines() if "xq data quarantine" in line]
    line = shlex.split(aside.partition("xq data ")[2])
    xq("data", *line).check(0)
    assert len(list((tmp_path / "state" / "lake").rglob("quarantine/ohlcv/**/*.parquet"))) == 1
    assert xq("sql", "SELECT count(*) AS n FROM ohlcv").rows == [{"n": 0}]
    xq("data", "verify").check(0)
    xq("collect", *BTC, "--days", 20).check(0)
    assert xq("sql", "SELECT count(*) AS n FROM ohlcv").rows == [{"n": 480}]
