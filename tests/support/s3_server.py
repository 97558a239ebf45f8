"""An S3-compatible server on loopback: moto's, in an environment of its own, one request at a time.

Run as ``.venv-s3/bin/python tests/support/s3_server.py [MS]``; says its port and ends with its
input. ``MS`` milliseconds pass before each answer, as on the way to a real one.
``GET /-/requests`` tells how many requests of each kind came since it was last asked.
"""

import json
import sys
import threading
import time
from collections import Counter

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


class Serial:
    """Answers one request at a time: moto compares and writes in two steps, S3 in one."""

    def __init__(self, app, seconds: float) -> None:
        self._app = app
        self._seconds = seconds
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def __call__(self, environ, start):
        time.sleep(self._seconds)
        with self._lock:
            if environ["PATH_INFO"] == "/-/requests":
                body = json.dumps(self._counts).encode()
                self._counts.clear()
                start("200 OK", [("Content-Length", str(len(body)))])
                return [body]
            self._counts[_kind(environ)] += 1
            self._counts["bytes put"] += int(environ.get("CONTENT_LENGTH") or 0)
            answer = self._app(environ, start)
            try:
                body = b"".join(answer)
                self._counts["bytes got"] += len(body) * (environ["REQUEST_METHOD"] == "GET")
                return [body]
            finally:
                getattr(answer, "close", lambda: None)()


class Quiet(WSGIRequestHandler):
    def log(self, *args) -> None:
        """Nothing."""


def _kind(environ) -> str:
    method, query = environ["REQUEST_METHOD"], environ.get("QUERY_STRING", "")
    if method == "GET" and "list-type" in query:
        return "LIST"
    return "DELETE" if method == "POST" and "delete" in query else method


def main() -> None:
    app = Serial(DomainDispatcherApplication(create_backend_app), float(sys.argv[1]) / 1000)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.port, flush=True)
    sys.stdin.read()


main()
