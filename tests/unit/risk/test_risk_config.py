"""``[risk]``: read from file and environment, explained, refused, given to gate and switches."""

from decimal import Decimal
from pathlib import Path

import pytest

from xq.api.settings import check, explain, settings
from xq.api.workspace import open_workspace
from xq.config_layers import load
from xq.errors import ConfigError
from xq.risk.configured import limits_of, rules_of
from xq.risk.switches import Action, Switch
from xq.types import Symbol

D = Decimal
BTC, ETH = Symbol.parse("BTC/USDT"), Symbol.parse("ETH/USDT")
TEXT = """
[risk]
max_net_leverage = 0.5
max_quantity = {"BTC/USDT" = 0.25}

[risk.switches.drawdown]
threshold = 0.1
window_seconds = 86400
action = "flatten"

[risk.switches.disagreement]
enabled = false
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "xq.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_file_and_environment_reach_the_rules(tmp_path: Path) -> None:
    environ = {"XQ_RISK__SWITCHES__DRAWDOWN__THRESHOLD": "0.2"}
    loaded = load(written(tmp_path, TEXT), environ)
    rules = rules_of(loaded.config.risk)
    drawdown = rules[Switch.DRAWDOWN]
    assert (drawdown.threshold, drawdown.window_ms) == (D("0.2"), 86_400_000)
    assert drawdown.action is Action.FLATTEN
    assert not rules[Switch.DISAGREEMENT].enabled
    assert rules[Switch.LEVERAGE].threshold == 10
    origin = loaded.origin("risk.switches.drawdown.threshold")
    assert origin.place == "XQ_RISK__SWITCHES__DRAWDOWN__THRESHOLD"
    assert origin.overrides == ("xq.toml:7",)


def test_the_gate_gets_its_limits(tmp_path: Path) -> None:
    risk = load(written(tmp_path, TEXT), {}).config.risk
    limits = limits_of(risk, [BTC, ETH])
    assert limits.symbols == {BTC, ETH}
    assert limits.max_quantities == {BTC: D("0.25")}
    assert (limits.max_net_leverage, limits.max_leverage) == (D("0.5"), D("1.0"))
    assert (limits.duplicate_ms, limits.max_messages_per_second) == (2_000, 20)
    only = load(None, {"XQ_RISK__SYMBOLS": "ETH/USDT"}).config.risk
    assert limits_of(only, [BTC]).symbols == {ETH}


def test_every_setting_is_explained(tmp_path: Path) -> None:
    written(tmp_path, TEXT)
    ws = open_workspace(environ={}, cwd=tmp_path)
    found = {item.key: item for item in settings(ws) if item.key.startswith("risk.")}
    assert len(found) == 13 + 7 * 4 + 5
    assert all(item.description for item in found.values())
    told = explain(ws, "risk.switches.drawdown.action")
    assert (told.value, told.default, told.origin) == ("flatten", "cancel", "xq.toml:9")
    assert explain(ws, "risk.max_quantity").origin.startswith("xq.toml")
    with pytest.raises(ConfigError, match=r"did you mean 'risk\.switches\.leverage\.threshold'"):
        explain(ws, "risk.switches.leverage.treshold")


@pytest.mark.parametrize(
    ("text", "message", "where"),
    [
        ("[risk.switches.drawdown]\nthresold = 1\n",
         "unknown key 'risk.switches.drawdown.thresold'; did you mean "
         "'risk.switches.drawdown.threshold'?", "xq.toml:2"),
        ("[risk.switches.drawdawn]\nthreshold = 1\n", "unknown key 'risk.switches.drawdawn'",
         "xq.toml:2"),
        ("[risk.switches.drawdown]\nthreshold = 1.1\n",
         "risk.switches.drawdown.threshold: expected at most 1, found 1.1", "xq.toml:2"),
        ("[risk.switches.daily_loss]\nthreshold = 0\n",
         "risk.switches.daily_loss.threshold: expected more than 0, found 0", "xq.toml:2"),
        ("[risk.switches.leverage]\nthreshold = inf\n",
         "risk.switches.leverage.threshold: expected a finite number, found inf", "xq.toml:2"),
        ("[risk.switches.leverage]\naction = \"panic\"\n",
         "risk.switches.leverage.action: expected 'stop_entries', 'cancel' or 'flatten', "
         "found 'panic'", "xq.toml:2"),
        ("[risk.switches.leverage]\nwindow_seconds = 5\n",
         "unknown key 'risk.switches.leverage.window_seconds'", "xq.toml:2"),
        ("[risk.max_quantity]\n\"BTC/USDT\" = 0\n",
         "risk.max_quantity.BTC/USDT: expected more than 0, found 0", "xq.toml:2"),
    ],
)  # fmt: skip
def test_refusals(tmp_path: Path, text: str, message: str, where: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, text), {})
    assert caught.value.message.startswith(message)
    assert (caught.value.where or "").startswith(where)


def test_a_symbol_that_is_none_is_refused(tmp_path: Path) -> None:
    written(tmp_path, '[risk]\nmax_quantity = {"BTCUSDT" = 1}\n')
    with pytest.raises(ConfigError, match=r"risk\.max_quantity: a symbol is written BASE/QUOTE"):
        check(open_workspace(environ={}, cwd=tmp_path))
