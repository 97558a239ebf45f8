"""Logs: one clean JSON object a line, in files that rotate, libraries included."""

import io
import json
import logging
import os
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest

from xq.errors import StorageFailed
from xq.observe.event import Event, Level
from xq.observe.log import LogFile, LogSink, _opened, logging_to
from xq.redact import REDACTOR

FILLED = Event("filled", Level.INFO, "buy 1", 5, {"client_id": "xq-1", "price": Decimal("1.50")})


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_an_event_is_one_object_with_its_ids() -> None:
    stream = io.StringIO()
    with logging_to(stream, None, "info"):
        LogSink().take(FILLED)
    (line,) = lines(stream.getvalue())
    assert str(line.pop("timestamp")).endswith("Z")
    assert line == {
        "level": "info", "event": "filled", "text": "buy 1", "at_ms": 5, "client_id": "xq-1",
        "price": "1.50",
    }  # fmt: skip


def test_after_the_block_nothing_is_logged_any_more() -> None:
    stream = io.StringIO()
    before = logging.getLogger().level, list(logging.getLogger().handlers)
    with logging_to(stream, None, "info"):
        pass
    LogSink().take(FILLED)
    assert stream.getvalue() == ""
    assert (logging.getLogger().level, list(logging.getLogger().handlers)) == before


@pytest.mark.parametrize(
    ("level", "heard"),
    [("debug", "iwaDIW"), ("info", "iwaW"), ("warning", "waW"), ("error", "a")],
)
def test_levels_of_ours_and_of_libraries(level: str, heard: str) -> None:
    stream = io.StringIO()
    with logging_to(stream, None, level):
        for grave in Level:
            LogSink().take(Event("order", grave, grave.value[0], 0))
        library = logging.getLogger("apscheduler.test")
        for say, word in ((library.debug, "D"), (library.info, "I"), (library.warning, "W")):
            say(word)
    told = lines(stream.getvalue())
    assert "".join(str(line.get("text", line["event"])) for line in told) == heard


def test_secrets_of_libraries_and_tracebacks_are_struck_out() -> None:
    REDACTOR.learn(["cAnArY-1234/x"])
    stream = io.StringIO()
    with logging_to(stream, None, "info"):
        logging.getLogger("urllib3").warning("GET %s", "/order?signature=0a1b2c3d4e")
        try:
            raise ValueError("key cAnArY-1234/x")
        except ValueError:
            logging.getLogger("asyncio").exception("never retrieved")
    first, second = lines(stream.getvalue())
    assert (first["event"], first["logger"]) == ("GET /order?signature=***", "urllib3")
    assert str(second["exception"]).endswith("ValueError: key ***")
    assert "cAnArY" not in stream.getvalue()


def test_facts_do_not_hide_what_every_line_says() -> None:
    stream = io.StringIO()
    with logging_to(stream, None, "info"):
        LogSink().take(Event("order", Level.INFO, "t", 1, {"event": "x", "level": "y", "at_ms": 2}))
    (line,) = lines(stream.getvalue())
    assert (line["event"], line["level"], line["at_ms"]) == ("order", "info", 1)
    assert (line["event_"], line["level_"], line["at_ms_"]) == ("x", "y", 2)


def test_files_rotate_and_old_ones_go(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "xq.log"
    with logging_to(None, LogFile(path, max_bytes=1000, keep=2), "info"):
        sink = LogSink()
        for number in range(50):
            sink.take(Event("order", Level.INFO, f"number {number}", number))
    assert sorted(file.name for file in path.parent.iterdir()) == ["xq.log", "xq.log.1", "xq.log.2"]
    told = [
        line for name in ("xq.log.1", "xq.log") for line in lines((path.parent / name).read_text())
    ]
    assert told[-1]["text"] == "number 49"
    assert all(file.stat().st_size <= 1000 for file in path.parent.iterdir())


def test_two_processes_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "xq.log"
    handlers = [_opened(LogFile(path, max_bytes=300, keep=50)) for _ in range(2)]
    try:
        for number in range(40):
            record = logging.LogRecord(
                "xq", logging.INFO, "", 0, f"line {number:03d} " * 5, (), None
            )
            handlers[number % 2].emit(record)
    finally:
        for handler in handlers:
            handler.close()
    told = "".join(file.read_text() for file in tmp_path.iterdir())
    assert sorted(told.split("\n"))[1:] == [(f"line {n:03d} " * 5) for n in range(40)]


def test_a_file_that_cannot_be_opened_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    file = LogFile(tmp_path / "taken" / "xq.log", 1000, 1)
    with (
        pytest.raises(StorageFailed, match="the log cannot be written"),
        logging_to(None, file, "info"),
    ):
        pass


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_costs_lines_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    with open("/dev/full", "w") as full:
        with logging_to(full, None, "info"):
            LogSink().take(FILLED)
        with suppress(OSError):
            full.close()
    assert capsys.readouterr() == ("", "")
