"""What is no number, nothing, and a length of time are told apart in the answers of ``xq sql``."""

from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]
NUMBERS = "select 'nan'::double a, 'inf'::double b, '-inf'::float c, null::double d, 1.5::double e"
SPANS = "select interval '3 days' a, interval '-90 minutes' b, [interval '1 month'] c"


def test_nan_infinity_and_null_differ_in_csv(xq: Run) -> None:
    xq("sql", NUMBERS, "--output", "csv").check(0, "a,b,c,d,e\nnan,inf,-inf,,1.5\n")


def test_nan_and_infinity_are_seen_in_a_table(xq: Run) -> None:
    shown = xq("sql", NUMBERS, "--output", "table").stdout.split()
    assert [word for word in shown if word in ("nan", "inf", "-inf", "1.5")] == [
        "nan", "inf", "-inf", "1.5"
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["csv", "table", "jsonl"])
def test_an_interval_is_text(xq: Run, kind: str) -> None:
    shown = xq("sql", SPANS, "--output", kind).stdout
    for text in ("3 days", "-01:30:00", "1 months"):
        assert text in shown
