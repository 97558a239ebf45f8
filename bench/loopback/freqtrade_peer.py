"""freqtrade's `download-data` against the loopback venue, in an environment of its own.

Its configuration lets every address of ccxt be replaced, so that the program itself is unchanged:
futures, 1m, REST only (its own short cut to Binance's public archive is switched off).
"""

import json
from pathlib import Path

_API = ("public", "private", "sapi", "sapiV2", "sapiV3", "sapiV4", "dapiPublic", "dapiPrivate",
        "eapiPublic", "papi", "v1")  # fmt: skip
_FUTURES = ("fapiPublic", "fapiPrivate", "fapiPublicV2", "fapiPublicV3", "fapiPrivateV2",
            "fapiPrivateV3", "fapiData")  # fmt: skip


def command(
    program: str, url: str, folder: Path, since_ms: int, until_ms: int, names: list[str], *,
    paced: bool,
) -> list[str]:  # fmt: skip
    """Its command line; the configuration is written into the folder."""
    addresses = dict.fromkeys(_API, f"{url}/api/v3") | dict.fromkeys(_FUTURES, f"{url}/fapi/v1")
    client = {
        "urls": {"api": addresses},
        "enableRateLimit": paced,
        "options": {
            "defaultType": "swap",
            "fetchMarkets": {"types": ["linear"]},
            "fetchCurrencies": False,
        },
    }
    tree = {
        "dry_run": True, "stake_currency": "USDT", "stake_amount": 10, "max_open_trades": 1,
        "trading_mode": "futures", "margin_mode": "isolated",
        "pairlists": [{"method": "StaticPairList"}],
        "exchange": {
            "name": "binance", "only_from_ccxt": True, "ccxt_config": client,
            "ccxt_async_config": client,
            "pair_whitelist": [f"{name[:-4]}/USDT:USDT" for name in names],
        },
    }  # fmt: skip
    user, data, config = folder / "user", folder / "data", folder / "config.json"
    for made in (user, data):
        made.mkdir()
    config.write_text(json.dumps(tree))
    asked = f"{since_ms // 1000}-{until_ms // 1000}"
    words = [program, "download-data", "--config", config, "--userdir", user, "--datadir", data]
    words += ["--timerange", asked, "--timeframes", "1m", "--candle-types", "futures"]
    return [str(word) for word in [*words, "--data-format-ohlcv", "parquet"]]


def stored(folder: Path, names: list[str]) -> int:
    """Bars it kept; it leaves the last one of each symbol out, which may be unfinished."""
    import pyarrow.parquet as pq

    files = sorted((folder / "data").rglob("*.parquet"))
    return sum(pq.read_metadata(path).num_rows for path in files) + len(names)
