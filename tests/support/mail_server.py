"""A mail server on loopback that takes every message: as much SMTP as leaving one needs."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ANSWERS = {"EHLO": "250 loopback", "DATA": "354 go on", "QUIT": "221 bye"}


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._say("220 loopback")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            self._say(_ANSWERS.get(word, "250 fine"))
            if word == "DATA":
                self.server.mails.append(self._mail())  # type: ignore[attr-defined]
                self._say("250 taken")
            elif word == "QUIT":
                return

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def _mail(self) -> str:
        lines = []
        while (line := self.rfile.readline().decode()) not in (".\r\n", ""):
            lines.append(line)
        return "".join(lines)


@contextmanager
def mail_server() -> Iterator[tuple[int, list[str]]]:
    """The port, and the mails that arrive."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Session) as server:
        server.daemon_threads = True
        server.mails = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1], server.mails  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            thread.join()
