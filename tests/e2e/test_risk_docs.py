"""docs/risk.md: its console blocks are typed, its Python runs, its settings and tests exist."""

import re
from pathlib import Path

import pytest
from support.console import play

from xq.config import known_keys
from xq.risk.configured import rules_of
from xq.risk.entry_rules import HINTS
from xq.risk.switches import DEFAULT_RULES, Switch

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "risk.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_shows_what_happens(tmp_path: Path) -> None:
    assert play(PAGE, tmp_path, {"COLUMNS": "400"}) == 6


@pytest.mark.parametrize("number", range(4))
def test_its_python_runs(number: int) -> None:
    assert len(BLOCKS) == 4
    exec(compile(BLOCKS[number], f"risk-{number}", "exec"), {})


def test_settings_switches_and_tests_named_exist() -> None:
    limits = set(re.findall(r"`(risk\.[a-z_]+)`", PAGE))
    assert limits <= set(known_keys())
    every = {key for key in known_keys() if key.startswith("risk.") and key.count(".") == 1}
    assert every == limits, "a limit is not on the page"
    for name in set(re.findall(r"`((?:tests|bench|xq)/[\w/]+\.py)`", PAGE)):
        assert (ROOT / name).is_file(), name
    for hint in HINTS.values():
        key = hint.removeprefix("xq config explain ")
        assert key == hint or key in known_keys()


def test_the_thresholds_on_the_page_are_the_defaults() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", PAGE, re.MULTILINE))
    told = {Switch(name): text for name, text in rows.items()}
    assert list(told) == list(Switch)
    for switch, text in told.items():
        number = float(re.findall(r"[\d.]+", text)[0]) / (100 if "%" in text else 1)
        assert number == float(DEFAULT_RULES[switch].threshold), switch


def test_the_configuration_has_the_same_defaults() -> None:
    from xq.config_risk import RiskConfig

    assert rules_of(RiskConfig()) == DEFAULT_RULES
