"""Standard streams that are closed, full or poor in signs."""

import os
import subprocess
import sys

import pytest


def _shell(line: str, **variables: str) -> subprocess.CompletedProcess[str]:
    script = line.replace("XQ", f"{sys.executable} -m xq")
    return subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, **variables}, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("XQ config show >&-", 0, ""),
        ("XQ sql 'select 1' --output arrow >&-", 0, ""),
        ("XQ sql - <&-", 2, "error: expected a SELECT, found nothing"),
        ("XQ collect --symbol - <&-", 2, "error: expected symbols on stdin, found none"),
        ("XQ colect 2>&-", 2, ""),
        ("XQ colect 2>/dev/full", 2, ""),
        ("XQ config show >/dev/full", 4, "error: no space left on device"),
        ("XQ --version >/dev/full", 4, "error: no space left on device"),
    ],
)
def test_closed_and_full_streams(line: str, code: int, said: str) -> None:
    done = _shell(line)
    assert done.returncode == code
    assert done.stderr.startswith(said)
    assert "Traceback" not in done.stderr
    assert (done.stderr == "") is (said == "")


def test_a_closed_stream_does_not_give_its_number_to_a_file() -> None:
    code = (
        "from xq.cli.streams import mend; mend(); import sys;"
        "file = open('/dev/null'); print(file.fileno(), file=sys.stderr)"
    )
    done = subprocess.run(
        ["bash", "-c", f'{sys.executable} -c "{code}" <&- >&-'],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert int(done.stderr) > 2


def test_signs_that_an_encoding_lacks_do_not_end_a_run() -> None:
    done = _shell("XQ sql \"select 'Ⓢ█' as sign\"", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == '{"sign": "\\u24c8\\u2588"}\n'
    table = _shell("XQ sql \"select 'Ⓢ█' as sign\" --output table", PYTHONIOENCODING="ascii")
    assert (table.returncode, table.stderr) == (0, "")
    assert "??" in table.stdout
