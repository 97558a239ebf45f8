"""A bulk archive on loopback, laid out like Binance's: ZIPs beside CHECKSUM files."""

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterable, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

BAR_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore"
)
TRADE_HEADER = (
    "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"
)
FUNDING_HEADER = "calc_time,funding_interval_hours,last_funding_rate"
METRICS_HEADER = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,"
    "count_toptrader_long_short_ratio,sum_toptrader_long_short_ratio,"
    "count_long_short_ratio,sum_taker_long_short_vol_ratio"
)


def bar_line(ts: int, values: Sequence[float], step_ms: int, *, microseconds: bool = False) -> str:
    """One bar as the archive writes it: open, high, low, close, volume of ``values``."""
    scale = 1000 if microseconds else 1
    numbers = ",".join(f"{value:.8f}" for value in values[:5])
    last = (ts + step_ms) * scale - 1
    return f"{ts * scale},{numbers},{last},0,1,0,0,0"


def path_of(market: str, folder: str, symbol: str, period: str, timeframe: str | None) -> str:
    """Below ``data/``: ``market`` is ``spot`` or ``futures/um``."""
    span = "daily" if len(period) == 10 else "monthly"
    if timeframe is None:
        return f"data/{market}/{span}/{folder}/{symbol}/{symbol}-{folder}-{period}.zip"
    name = f"{symbol}-{timeframe}-{period}.zip"
    return f"data/{market}/{span}/{folder}/{symbol}/{timeframe}/{name}"


def put(root: Path, path: str, lines: Iterable[str], header: str | None = None) -> Path:
    """Write one file and its checksum."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    content = "\n".join([*([header] if header else []), *lines]) + "\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(f"{file.stem}.csv"), content, zipfile.ZIP_DEFLATED)
    file.write_bytes(packed.getvalue())
    digest = hashlib.sha256(packed.getvalue()).hexdigest()
    file.with_name(f"{file.name}.CHECKSUM").write_text(f"{digest}  {file.name}\n")
    return file


class ArchiveServer:
    """``with ArchiveServer(folder) as server``; ``paths`` are those asked for."""

    def __init__(self, root: Path) -> None:
        self.paths: list[str] = []
        paths = self.paths

        class Handler(SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                paths.append(self.path)
                super().do_GET()

            def log_message(self, *_: object) -> None:
                pass

        handler = partial(Handler, directory=str(root))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "ArchiveServer":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
