"""Between a client and a store on loopback: passes requests on, or lets them meet a fate."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP = ("transfer-encoding", "connection", "content-length", "keep-alive")
# What may befall a request: refused by the store, lost on the way there, its answer lost on the
# way back, its answer cut in the middle, or no answer ever.
FATES = ("pass", "503", "lost", "unanswered", "cut", "hang")


class Proxy:
    """A place in front of a server.

    Attributes
    ----------
    fate
        Of a request, by its method and path.
    """

    def __init__(self, behind: str) -> None:
        self.behind = urlsplit(behind)
        self.fate: Callable[[str, str], str] = lambda method, path: "pass"
        self.url = ""
        self.over = threading.Event()

    def first(self, method: str, part: str, fate: str, times: int = 1) -> list[str]:
        """The first requests of a kind meet a fate; tells which they were, as they come."""
        met: list[str] = []

        def decide(asked: str, path: str) -> str:
            if asked != method or part not in path or len(met) >= times:
                return "pass"
            met.append(path)
            return fate

        self.fate = decide
        return met


@contextmanager
def proxied(behind: str) -> Iterator[Proxy]:
    """A proxy until the context ends."""
    proxy = Proxy(behind)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            self._handle()

        do_PUT = do_POST = do_DELETE = do_HEAD = do_GET

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fate = proxy.fate(self.command, self.path)
            assert fate in FATES
            if fate == "503":
                self._answer(503, {}, b"<Error><Code>SlowDown</Code></Error>")
                return
            if fate == "hang":
                proxy.over.wait()
            if fate in ("lost", "hang"):
                self.close_connection = True
                return
            status, headers, data = self._ask(body)
            if fate == "unanswered":
                self.close_connection = True
                return
            self._answer(status, headers, data, cut=fate == "cut")

        def _ask(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
            link = http.client.HTTPConnection(str(proxy.behind.netloc), timeout=60)
            try:
                link.request(self.command, self.path, body, dict(self.headers.items()))
                answer = link.getresponse()
                return answer.status, dict(answer.getheaders()), answer.read()
            finally:
                link.close()

        def _answer(
            self, status: int, headers: dict[str, str], data: bytes, *, cut: bool = False
        ) -> None:
            self.send_response(status)
            for name, text in headers.items():
                if name.lower() not in HOP:
                    self.send_header(name, text)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data[: len(data) // 2] if cut else data)
            self.close_connection = self.close_connection or cut

        def log_message(self, *arguments: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
