"""Metrics as Prometheus reads them: over HTTP and from a file."""

import urllib.request
from decimal import Decimal
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from xq.errors import ConfigError, StorageFailed
from xq.observe.event import Event, Level
from xq.observe.metrics import Figures, Holding, Metrics
from xq.observe.scrape import served, written

D = Decimal
FIGURES = Figures(
    decisions=3,
    fills=4,
    ended={"filled": 2, "rejected": 1},
    working={"unknown": 1},
    fees={"USDT": D("1.5")},
    equity=D("9990.25"),
    leverage=D("0.5"),
    holdings={"BTC/USDT:USDT": Holding(D("-0.1"), D("-4200"), D("12"))},
    switches={"drawdown": True, "leverage": False},
    differences=1,
    last_decision_ms=1_704_067_205_000,
)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("0.1.0", "sim", "sim")


def read(text: str) -> dict[str, dict[tuple[str, ...], float]]:
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


def test_the_account_in_numbers(metrics: Metrics) -> None:
    metrics.keep(FIGURES)
    found = read(generate_latest(metrics.registry).decode())
    assert found["xq_decisions_total"] == {(): 3}
    assert found["xq_fills_total"] == {(): 4}
    assert found["xq_orders_total"] == {("filled",): 2, ("rejected",): 1}
    assert found["xq_orders_working"] == {("unknown",): 1}
    assert found["xq_fees_total"] == {("USDT",): 1.5}
    assert found["xq_equity"] == {(): 9990.25}
    assert found["xq_leverage"] == {(): 0.5}
    assert found["xq_position_quantity"] == {("BTC/USDT:USDT",): -0.1}
    assert found["xq_position_notional"] == {("BTC/USDT:USDT",): -4200}
    assert found["xq_position_unrealized_pnl"] == {("BTC/USDT:USDT",): 12}
    assert found["xq_switch_tripped"] == {("drawdown",): 1, ("leverage",): 0}
    assert found["xq_differences_total"] == {(): 1}
    assert found["xq_last_decision_timestamp_seconds"] == {(): 1_704_067_205}
    assert set(found["xq_build_info"].values()) == {1}


def test_how_the_process_fares(metrics: Metrics) -> None:
    metrics.called("book", 0.02, failed=False, now_ms=5_000)
    metrics.called("book", 3.0, failed=True, now_ms=9_000)
    metrics.looked("tick", 0.3, 6_000)
    metrics.messaged("phone", failed=True)
    metrics.take(Event("protected", Level.INFO, "", 0, {"naked_ms": 1_500}))
    metrics.take(Event("protected", Level.INFO, "", 0, {"naked_ms": None}))
    found = read(generate_latest(metrics.registry).decode())
    assert found["xq_venue_calls_total"] == {("book", "answered"): 1, ("book", "failed"): 1}
    assert found["xq_venue_call_duration_seconds_count"] == {("book",): 2}
    assert found["xq_market_data_timestamp_seconds"] == {(): 5}
    assert found["xq_look_duration_seconds_sum"] == {("tick",): 0.3}
    assert found["xq_last_look_timestamp_seconds"] == {("tick",): 6}
    assert found["xq_notifications_total"] == {("failed", "phone"): 1}
    assert found["xq_naked_seconds_sum"] == {(): 1.5}
    assert found["xq_events_total"] == {("protected", "info"): 2}


def test_names_follow_the_conventions(metrics: Metrics) -> None:
    metrics.keep(FIGURES)
    for family in text_string_to_metric_families(generate_latest(metrics.registry).decode()):
        assert family.name.startswith("xq_")
        assert family.documentation.endswith(".")
        assert not family.name.endswith(("_ms", "_count", "_sum"))
        if family.type == "counter":
            assert all(sample.name.endswith("_total") for sample in family.samples)


def test_nothing_is_told_of_an_account_before_the_first_look(metrics: Metrics) -> None:
    found = read(generate_latest(metrics.registry).decode())
    assert "xq_equity" not in found
    assert "xq_market_data_timestamp_seconds" not in found


def test_over_http_and_in_a_file_they_are_the_same(metrics: Metrics, tmp_path: Path) -> None:
    metrics.keep(FIGURES)
    path = tmp_path / "made" / "xq.prom"
    written(metrics.registry, path)
    with served(metrics.registry, "127.0.0.1", 0) as port:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=120) as answer:
            body = answer.read().decode()
        refused = pytest.raises(ConfigError, match="metrics cannot be served: address already in")
        with refused, served(metrics.registry, "127.0.0.1", port):
            pass
    assert read(body) == read(path.read_text())
    assert [file.name for file in path.parent.iterdir()] == ["xq.prom"]


def test_a_file_that_cannot_be_written(metrics: Metrics, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    with pytest.raises(StorageFailed, match="metrics cannot be written"):
        written(metrics.registry, tmp_path / "taken" / "xq.prom")
