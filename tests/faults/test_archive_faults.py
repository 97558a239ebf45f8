"""The bulk archive in every bad mood: odd ZIPs, odd answers, limits and bans, over the wire."""

import errno
import hashlib
import io
import struct
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.archive_server import bar_line, path_of
from support.wire_server import RESET, Request, WireServer, answer

from xq.clock import ManualClock
from xq.collect.archive import Archive
from xq.collect.task import Task
from xq.errors import (
    CorruptFile,
    StorageFailed,
    VenueError,
    VenueRefused,
    VenueUnclear,
    VenueUnreachable,
)
from xq.lake.ranges import Range
from xq.timeframe import DAY_MS, HOUR_MS, Timeframe
from xq.types import Symbol
from xq.venues import download
from xq.venues.bans import Bans
from xq.venues.download import Downloads, Site

DAY = 1_704_067_200_000
TASK = Task("x", Symbol("BTC", "USDT"), Timeframe.parse("1h"), Range(DAY, DAY + DAY_MS), DAY)
PATH = "/" + path_of("spot", "klines", "BTCUSDT", "2024-01-01", "1h")
LINES = [bar_line(DAY + n * HOUR_MS, [10.0, 12.0, 9.0, 11.0, 1.0], HOUR_MS) for n in range(24)]
CSV = ("\n".join(LINES) + "\n").encode()


def packed(*members: tuple[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", how) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return target.getvalue()


GOOD = packed(("BTCUSDT-1h-2024-01-01.csv", CSV))


def reply(body: bytes, status: int = 200, *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


class OneFile:
    """Serves one file and its checksum; ``first`` are answers given before those."""

    def __init__(self, body: bytes = GOOD, *first: bytes) -> None:
        self.body = body
        self.first = list(first)
        self.stated = hashlib.sha256(body).hexdigest()

    def __call__(self, request: Request) -> bytes:
        if self.first:
            return self.first.pop(0)
        if request.path == PATH:
            return reply(self.body)
        if request.path == f"{PATH}.CHECKSUM":
            name = PATH.rpartition("/")[2]
            return reply(f"{self.stated}  {name}\n".encode())
        return reply(b"", 404)


Ask = Callable[[OneFile], list[object] | VenueError | CorruptFile | None]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(DAY + DAY_MS)


@pytest.fixture
def requests() -> list[Request]:
    return []


@pytest.fixture
def ask(tmp_path: Path, clock: ManualClock, requests: list[Request]) -> Ask:
    def run(site: OneFile) -> list[object] | VenueError | CorruptFile | None:
        with WireServer(site) as server:
            downloads = Downloads(Site(server.url, 5.0), clock, bans=Bans(tmp_path / "bans.json"))
            try:
                table = Archive(downloads).rows(TASK, "2024-01-01")
                return None if table is None else table.to_pylist()
            except (VenueError, CorruptFile) as error:
                return error
            finally:
                downloads.close()
                requests.extend(server.requests)

    return run


def test_a_good_file_is_read(ask: Ask) -> None:
    rows = ask(OneFile())
    assert isinstance(rows, list)
    assert len(rows) == 24


def test_a_day_that_is_not_published_is_no_error(ask: Ask, requests: list[Request]) -> None:
    assert ask(OneFile(GOOD, reply(b"not here", 404))) is None
    assert len(requests) == 1


def bomb() -> bytes:
    """A stream of zeros that states its true size of 65 MiB, in 65 kB."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * (65 << 20))
    return target.getvalue()


def modest(content: bytes) -> bytes:
    """The same ZIP, claiming that 100 bytes are inside."""
    data = bytearray(content)
    local, central = data.index(b"PK\3\4"), data.rindex(b"PK\1\2")
    struct.pack_into("<I", data, local + 22, 100)
    struct.pack_into("<I", data, central + 24, 100)
    return bytes(data)


def broken_stream() -> bytes:
    data = bytearray(GOOD)
    data[60:90] = b"\xff" * 30
    return bytes(data)


def locked() -> bytes:
    data = bytearray(GOOD)
    local, central = data.index(b"PK\3\4"), data.rindex(b"PK\1\2")
    data[local + 6] |= 1
    data[central + 8] |= 1
    return bytes(data)


ODD: dict[str, tuple[bytes, str]] = {
    "cut off": (GOOD[: len(GOOD) // 2], "not a file of the archive"),
    "two members": (packed(("a.csv", CSV), ("b.csv", CSV)), "expected one file inside, found 2"),
    "no member": (packed(), "expected one file inside, found 0"),
    "a bomb": (bomb(), "expected at most 64 MiB inside, found 68,157,440 bytes"),
    "a bomb that lies": (modest(bomb()), "not a file of the archive"),
    "html": (b"<html>please log in</html>", "not a file of the archive"),
    "nothing": (b"", "not a file of the archive"),
    "a broken stream": (broken_stream(), "not a file of the archive"),
    "a password": (locked(), "not a file of the archive"),
    "words for numbers": (packed(("a.csv", b"1,a,b,c,d,e\n")), "not a file of the archive"),
    "html inside": (packed(("a.csv", b"<html>\n<p>\n")), "not a file of the archive"),
}


@pytest.mark.parametrize("mood", ODD)
def test_a_file_that_keeps_its_checksum_and_is_none(ask: Ask, mood: str) -> None:
    body, message = ODD[mood]
    error = ask(OneFile(body))
    assert isinstance(error, CorruptFile)
    assert message in error.message
    assert error.where is not None


def test_bytes_beside_their_checksum_are_fetched_twice_and_refused(
    ask: Ask, requests: list[Request]
) -> None:
    site = OneFile()
    site.stated = "0" * 64
    error = ask(site)
    assert isinstance(error, CorruptFile)
    assert (len(requests), "nothing was read" in error.message) == (4, True)


def test_a_checksum_that_fits_the_second_time_is_taken(ask: Ask, requests: list[Request]) -> None:
    name = PATH.rpartition("/")[2]
    good = f"{hashlib.sha256(GOOD).hexdigest()}  {name}\n".encode()
    rows = ask(OneFile(GOOD, reply(good), reply(GOOD[:-9])))
    assert isinstance(rows, list)
    assert (len(rows), len(requests)) == (24, 4)


@pytest.mark.parametrize(
    "page",
    [b"<html>hello</html>", b"", b"abc  other.zip\n", b"\xff\xfe\0"],
    ids=["html", "nothing", "another file's", "bytes"],
)
def test_a_checksum_that_is_none(ask: Ask, requests: list[Request], page: bytes) -> None:
    assert isinstance(ask(OneFile(GOOD, reply(page))), VenueUnclear)
    assert len(requests) == 1


def test_a_checksum_without_its_file(ask: Ask) -> None:
    site = OneFile()
    stated = f"{site.stated}  {PATH.rpartition('/')[2]}\n".encode()
    assert isinstance(ask(OneFile(GOOD, reply(stated), reply(b"", 404))), VenueUnclear)


def test_a_file_beyond_all_measure_is_not_kept(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_LARGEST", 1000)
    error = ask(OneFile(GOOD + b"\0" * 5000))
    assert isinstance(error, VenueRefused)
    assert "nothing was read" in error.message


@pytest.mark.parametrize(
    "trouble",
    [reply(b"", 503), RESET, b"", answer(200, "short", length=900)],
    ids=["status 503", "reset", "silence", "cut off"],
)
def test_a_failing_server_is_asked_again(ask: Ask, trouble: bytes) -> None:
    rows = ask(OneFile(GOOD, trouble, trouble))
    assert isinstance(rows, list)


def test_a_server_that_goes_on_failing_is_given_up(ask: Ask, requests: list[Request]) -> None:
    assert isinstance(ask(OneFile(GOOD, *[reply(b"", 503)] * 9)), VenueUnreachable)
    assert len(requests) == 4


def test_retry_after_is_waited_out(ask: Ask, clock: ManualClock, requests: list[Request]) -> None:
    before = clock.monotonic()
    rows = ask(OneFile(GOOD, reply(b"", 429, "Retry-After: 17")))
    assert isinstance(rows, list)
    assert (clock.monotonic() - before >= 17, len(requests)) == (True, 3)


def test_a_long_wait_is_told_and_not_slept(ask: Ask, clock: ManualClock) -> None:
    before = clock.monotonic()
    error = ask(OneFile(GOOD, reply(b"", 429, "Retry-After: 900")))
    assert isinstance(error, VenueUnreachable)
    assert clock.monotonic() == before


def test_during_a_ban_no_process_asks_anything(tmp_path: Path, clock: ManualClock) -> None:
    site = OneFile(GOOD, reply(b"", 418, "Retry-After: 300"))
    with WireServer(site) as server:

        def attempt() -> list[object]:
            bans = Bans(tmp_path / "bans.json")  # as another process would open it
            downloads = Downloads(Site(server.url, 5.0), clock, bans=bans)
            try:
                table = Archive(downloads).rows(TASK, "2024-01-01")
                return [] if table is None else table.to_pylist()
            finally:
                downloads.close()

        with pytest.raises(VenueRefused, match="the archive has banned this address"):
            attempt()
        for _ in range(3):
            with pytest.raises(VenueRefused, match="has banned this address until"):
                attempt()
        assert len(server.requests) == 1
        clock.sleep(301)
        assert len(attempt()) == 24


def test_a_redirect_is_not_followed(ask: Ask, requests: list[Request]) -> None:
    error = ask(OneFile(GOOD, reply(b"", 302, "Location: http://127.0.0.1:9/elsewhere")))
    assert isinstance(error, VenueRefused)
    assert len(requests) == 1


def test_a_full_disk_under_a_large_file_is_named(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: object, _piece: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "write", refuse)
    with pytest.raises(StorageFailed, match="a download cannot be kept: No space left"):
        ask(OneFile())
