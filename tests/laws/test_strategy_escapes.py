"""Ways around the law that were tried: each is refused, and its honest neighbour passes."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.plugins import plugin, walk

from xq.bars import Bars
from xq.errors import ImpureStrategy, LookAhead, StrategyError
from xq.strategy.sandbox import evaluate

ROWS = 1500

FROM_THE_FILE = """
ahead = np.append(FUTURE[1:], FUTURE[-1])[bars.ts // 3600000]
return np.where(ahead > bars.close[:, 0], 1.0, 0.0).reshape(-1, 1)
"""

READERS = {
    "Arrow after a legal open": """
        import pyarrow.csv, zoneinfo
        zoneinfo.ZoneInfo.no_cache("Asia/Tokyo")
        FUTURE = pyarrow.csv.read_csv("{path}.csv")["close"].to_numpy()
    """,
    "Polars by SQL": """
        import polars as pl
        FUTURE = pl.sql("select * from read_parquet('{path}')").collect()["close"].to_numpy()
    """,
    "Polars by its submodule": """
        from polars.io.parquet.functions import scan_parquet
        FUTURE = scan_parquet("{path}").collect()["close"].to_numpy()
    """,
    "Arrow beside Polars": """
        import polars, pyarrow.parquet as pq
        FUTURE = pq.read_table("{path}")["close"].to_numpy()
    """,
    "an inherited file": """
        FUTURE = np.frombuffer(open("/proc/self/fd/3", "rb").read())
    """,
}


@pytest.fixture
def bars() -> Bars:
    return walk(ROWS)


@pytest.fixture
def stored(tmp_path: Path, bars: Bars) -> Path:
    path = tmp_path / "future.parquet"
    table = pa.table({"close": bars.close[:, 0]})
    pq.write_table(table, path)
    Path(f"{path}.csv").write_text("close\n" + "\n".join(map(str, bars.close[:, 0])))
    return path


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
@pytest.mark.parametrize("loading", [False, True], ids=["while asked", "while loading"])
def test_no_reader_reaches_the_future(
    tmp_path: Path, bars: Bars, stored: Path, reader: str, loading: bool
) -> None:
    import textwrap

    read = textwrap.dedent(reader).format(path=stored)
    module, body = (read, FROM_THE_FILE) if loading else ("", read + FROM_THE_FILE)
    with pytest.raises(ImpureStrategy):
        evaluate(plugin(tmp_path / "plugins", body, module=module), bars)


BEYOND = {
    "rows after the last": """
        from numpy.lib.stride_tricks import as_strided
        close = as_strided(bars.close, shape=(len(bars) + 1, 1))
        return np.where(close[1:] > close[:-1], 1.0, 0.0)
    """,
    "the memory behind an array": f"""
        block = bars.close
        while isinstance(block, np.ndarray):
            block = block.base
        close = np.frombuffer(block, np.float64, {ROWS}, 8 * {ROWS} * 4)
        ahead = np.append(close[1:], close[-1])[bars.ts // 3600000]
        return np.where(ahead > bars.close[:, 0], 1.0, 0.0).reshape(-1, 1)
    """,
}


@pytest.mark.parametrize("body", BEYOND.values(), ids=BEYOND.keys())
def test_bars_end_where_they_say(tmp_path: Path, bars: Bars, body: str) -> None:
    with pytest.raises(StrategyError):
        evaluate(plugin(tmp_path / "plugins", body), bars)


def test_a_leak_in_one_bar_of_a_hundred_is_found_where_it_pays(tmp_path: Path, bars: Bars) -> None:
    body = """
        ahead = np.vstack([bars.close[1:], bars.close[-1:]]) / bars.close - 1
        honest = np.where(bars.close > ta.sma(bars.close, 3), 1.0, 0.0)
        return np.where(ahead > 0.025, 1.0, np.where(ahead < -0.025, 0.0, honest))
    """
    with pytest.raises(LookAhead):
        evaluate(plugin(tmp_path / "plugins", body), bars)


def test_every_process_hashes_alike(tmp_path: Path, bars: Bars) -> None:
    body = "return np.full(bars.close.shape, hash('BTC') % 1000 / 1000)"
    spec = plugin(tmp_path / "plugins", body)
    first, again = evaluate(spec, bars), evaluate(spec, bars)
    assert np.array_equal(first.weights, again.weights, equal_nan=True)


HONEST = {
    "Polars": """
        import polars as pl
        mean = pl.Series(bars.close[:, 0].copy()).rolling_mean(20).to_numpy()
        return np.where(bars.close[:, 0] > mean, 1.0, 0.0).reshape(-1, 1)
    """,
    "lazy Polars": """
        import polars as pl
        frame = pl.DataFrame({"close": bars.close[:, 0].copy()}).lazy()
        mean = frame.select(pl.col("close").rolling_mean(20)).collect()["close"].to_numpy()
        return np.where(bars.close[:, 0] > mean, 1.0, 0.0).reshape(-1, 1)
    """,
    "hours of another zone": """
        hour = bars.frame(bars.symbols[0]).index.tz_convert("America/New_York").hour
        return np.where(hour < 12, 1.0, 0.0).reshape(-1, 1)
    """,
    "dice thrown by the time": """
        return np.array([[np.random.default_rng(int(ts)).uniform()] for ts in bars.ts])
    """,
    "a thread": """
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(2) as pool:
            return pool.submit(np.where, bars.close > 100, 1.0, 0.0).result()
    """,
}


@pytest.mark.parametrize("body", HONEST.values(), ids=HONEST.keys())
def test_honest_neighbours_pass(tmp_path: Path, bars: Bars, body: str) -> None:
    evaluate(plugin(tmp_path / "plugins", body), bars)


def test_the_files_a_plugin_is_made_of_are_told(tmp_path: Path, bars: Bars) -> None:
    folder = tmp_path / "plugins"
    spec = plugin(folder, "return _shared.long(bars)", module="import _shared")
    text = "import numpy as np\n\n\ndef long(bars):\n    return np.ones(bars.close.shape)\n"
    (folder / "_shared.py").write_text(text)
    (folder / "_other.py").write_text("")
    assert evaluate(spec, bars).files == (folder / "_shared.py", folder / "subject.py")
