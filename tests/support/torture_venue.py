"""A venue and its bulk archive in a process of their own, for programs that are killed.

``python torture_venue.py`` prints one line of JSON: the address of the venue, and the environment
through which a whole ``xq`` reaches it as ``binance``. It ends with its standard input.
"""

import hashlib
import io
import json
import sys
import tempfile
import threading
import zipfile
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.archive_server import bar_line
from support.connect_proxy import ConnectProxy
from support.tiny_binance import listing

HOUR, START = 3_600_000, 1_703_030_400_000  # 2023-12-20: commits cross a change of year
NOW = START + 3 * 365 * 24 * HOUR
NAMES = ("AAA", "BBB", "CCC")
_INFO = {
    "timezone": "UTC",
    "symbols": [listing(f"{name}USDT", name, "USDT") | {"syntheticFrom": 0} for name in NAMES],
}


def is_hole(hour: int) -> bool:
    """Hours the venue itself has no bar for."""
    return hour % 37 == 5


def values(name: str, hour: int) -> list[float]:
    """Open, high, low, close, volume of an hour, so that any reader can check them."""
    close = 1000.0 * (ord(name[0]) - 64) + hour % 97
    return [close, close + 1, close - 1, close, 1.0]


def _hours(first_ms: int, end_ms: int) -> list[int]:
    first, end = max(0, -(-(first_ms - START) // HOUR)), (min(end_ms, NOW) - START) // HOUR
    return [hour for hour in range(first, end) if not is_hole(hour)]


def _page(query: dict[str, str]) -> bytes:
    first, limit = int(query["startTime"]), int(query["limit"])
    end = max(first, START) + 2 * limit * HOUR
    if "endTime" in query:
        end = int(query["endTime"]) + 1
    rows = []
    for hour in _hours(first, end)[:limit]:
        texts = map(str, values(query["symbol"], hour))
        last_ms = START + (hour + 1) * HOUR - 1
        rows.append([START + hour * HOUR, *texts, last_ms, "0", 1, "0", "0", "0"])
    return json.dumps(rows).encode()


@lru_cache(4096)
def _archived(name: str) -> bytes | None:
    """``AAAUSDT-1h-2024-01-05.zip`` or ``AAAUSDT-1h-2024-01.zip``."""
    stem = name.removesuffix(".zip")
    period = np.datetime64(stem.split("-", 2)[2])
    edges = np.array([period, period + 1]).astype("datetime64[ms]").astype(int)
    lines = [bar_line(START + hour * HOUR, values(stem, hour), HOUR) for hour in _hours(*edges)]
    if edges[1] > NOW or not lines:
        return None
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(f"{stem}.csv"), "\n".join(lines) + "\n")
    return packed.getvalue()


def _file(path: str) -> bytes | None:
    name = path.rpartition("/")[2]
    data = _archived(name.removesuffix(".CHECKSUM"))
    if data is None or not name.endswith(".CHECKSUM"):
        return data
    return f"{hashlib.sha256(data).hexdigest()}  {name.removesuffix('.CHECKSUM')}\n".encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: found[0] for name, found in parse_qs(url.query).items()}
        body: bytes | None = None
        if url.path.endswith("/exchangeInfo"):
            body = json.dumps(_INFO).encode()
        elif url.path.endswith("/time"):
            body = json.dumps({"serverTime": NOW}).encode()
        elif url.path.endswith("/klines"):
            body = _page(query)
        elif url.path.startswith("/data/"):
            body = _file(url.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Whoever asked was killed."""


def main() -> int:
    server = _Server(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    port = server.server_address[1]
    with tempfile.TemporaryDirectory() as folder, ConnectProxy(["api.binance.com"], port) as proxy:
        told = {
            "url": f"http://127.0.0.1:{port}",
            "environment": proxy.environment(Path(folder) / "ca.pem"),
        }
        print(json.dumps(told), flush=True)
        sys.stdin.read()
        server.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
