"""The dashboard and the alerts ask for numbers that xq really tells."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from prometheus_client import generate_latest

from xq.observe.event import Event, Level
from xq.observe.metrics import Figures, Holding, Metrics

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
ONE = Decimal(1)
_NAME = re.compile(r"\bxq_[a-z_]+")


def told() -> set[str]:
    """The name of every series."""
    metrics = Metrics("0", "sim", "sim")
    held = {"BTC/USDT": Holding(ONE, ONE, ONE)}
    fees, switches = {"USDT": ONE}, {"leverage": False}
    metrics.keep(Figures(1, 1, {"filled": 1}, {"new": 1}, fees, ONE, ONE, held, switches, 1, 1))
    metrics.called("book", 1, failed=False, now_ms=1)
    metrics.looked("tick", 1, 1)
    metrics.messaged("phone", failed=False)
    metrics.take(Event("order", Level.INFO, "", 0))
    text = generate_latest(metrics.registry).decode()
    return set(_NAME.findall(text))


def rules() -> list[dict[str, object]]:
    (group,) = yaml.safe_load((DEPLOY / "prometheus-alerts.yml").read_text())["groups"]
    found: list[dict[str, object]] = group["rules"]
    return found


def board() -> dict[str, object]:
    found: dict[str, object] = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    return found


def expressions() -> Iterator[str]:
    yield from (str(rule["expr"]) for rule in rules())
    for panel in board()["panels"]:
        yield from (target["expr"] for target in panel["targets"])


@pytest.mark.parametrize("expression", list(expressions()))
def test_expressions_name_what_is_told(expression: str) -> None:
    names = set(_NAME.findall(expression))
    assert names <= told()
    assert names or "up{" in expression
    for opening, closing in ("()", "[]", "{}"):
        assert expression.count(opening) == expression.count(closing)


def test_every_series_but_build_is_looked_at_somewhere() -> None:
    used = {name for text in expressions() for name in _NAME.findall(text)}
    roots = {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in used}
    known = {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in told()}
    assert known - roots <= {"xq_build_info", "xq_position_quantity"}


def test_rules_are_rules() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) >= 8
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"]
        assert re.fullmatch(r"\d+[smh]", str(rule.get("for", "1m")))


def test_panels_do_not_overlap() -> None:
    panels = board()["panels"]
    for which in (lambda p: (p["gridPos"]["x"], p["gridPos"]["y"]), lambda p: p["id"]):
        assert len({which(panel) for panel in panels}) == len(panels)
    assert all(p["gridPos"]["x"] + p["gridPos"]["w"] <= 24 for p in panels)
