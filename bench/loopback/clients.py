"""The sides of `bench/collect.py`, each run in a process of its own; prints the rows it stored.

python bench/loopback/clients.py xq|ccxt|floor URL ARCHIVE FOLDER SINCE UNTIL LIMITS SYMBOL…
"""

import json
import sys
from pathlib import Path

_PAGE, _MINUTE_MS = 1500, 60_000


def with_xq(url: str, archive: str, folder: Path, since: int, until: int, names: list[str]) -> int:
    """`xq collect` against the venue, by the same functions; rows stored."""
    from xq.clock import SystemClock
    from xq.collect.archive import Archive
    from xq.collect.fetch import Source
    from xq.collect.run import Ways, collect
    from xq.collect.task import Task
    from xq.lake.ranges import Range
    from xq.timeframe import Timeframe
    from xq.types import Symbol
    from xq.venues.bans import Bans
    from xq.venues.ccxt_market import CcxtMarket
    from xq.venues.clients import Access
    from xq.venues.download import Downloads, Site
    from xq.venues.registry import profile

    clock = SystemClock()
    access = Access(loopback_only=True, bans=Bans(folder / "bans.json"))
    market = CcxtMarket(profile("sim", url), clock, access, contracts=True)
    bar = Timeframe.parse("1m")
    now = market.now_ms(True)
    tasks = [Task("sim", Symbol.parse(f"{n[:-4]}/USDT:USDT"), bar, Range(since, until), now)
             for n in names]  # fmt: skip
    files = None if archive == "-" else Archive(Downloads(Site(archive), clock))
    ways = Ways(Source(market, market.skips_holes, market), files, "auto" if files else "rest")
    done = collect(ways, folder / "lake", tasks)
    for item in done:
        if item.error is not None:
            raise item.error
    return sum(item.new for item in done)


def with_ccxt(url: str, folder: Path, since: int, until: int, names: list[str], paced: bool) -> int:
    """What anyone writes first: page by page until the end, then a Parquet file."""
    import ccxt
    import pandas as pd

    bases = dict.fromkeys(("fapiPublic", "fapiPrivate"), f"{url}/fapi/v1")
    client = ccxt.binanceusdm(
        {
            "urls": {"api": bases},
            "enableRateLimit": paced,
            "options": {"fetchMarkets": {"types": ["linear"]}, "fetchCurrencies": False},
        }
    )
    stored = 0
    for name in names:
        rows: list[list[float]] = []
        at = since
        while at < until:
            page = client.fetch_ohlcv(f"{name[:-4]}/USDT:USDT", "1m", at, 1000)
            if not page:
                break
            rows += page
            at = page[-1][0] + 60_000
        frame = pd.DataFrame(rows, columns=["ts", "open", "high", "low", "close", "volume"])
        frame = frame.drop_duplicates("ts").sort_values("ts")
        frame.to_parquet(folder / f"{name}.parquet", compression="zstd")
        stored += len(frame)
    return stored


def floor(url: str, since: int, until: int, names: list[str]) -> int:
    """One bare connection, whole pages, nothing kept: rows that went by."""
    from http.client import HTTPConnection
    from urllib.parse import urlsplit

    connection, rows = HTTPConnection(urlsplit(url).netloc), 0
    for name in names:
        for at in range(since, until, _PAGE * _MINUTE_MS):
            last = min(at + _PAGE * _MINUTE_MS, until) - 1
            asked = f"symbol={name}&interval=1m&startTime={at}&endTime={last}&limit={_PAGE}"
            connection.request("GET", f"/fapi/v1/klines?{asked}")
            rows += connection.getresponse().read().count(b"],[") + 1
    return rows


def main() -> None:
    """One side."""
    side, url, archive, folder, since, until, limits, *names = sys.argv[1:]
    place, span = Path(folder), (int(since), int(until))
    if side == "xq":
        rows = with_xq(url, archive, place, *span, names)
    elif side == "ccxt":
        rows = with_ccxt(url, place, *span, names, limits == "on")
    else:
        rows = floor(url, *span, names)
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
