"""Configuration: precedence, origins, refusals."""

from pathlib import Path

import pytest

from xq.api.init import init
from xq.api.settings import settings, template
from xq.api.workspace import open_workspace
from xq.config import Config, credentials
from xq.config_layers import load
from xq.errors import ConfigError, StorageFailed, UsageError


def _write(folder: Path, text: str) -> Path:
    path = folder / "xq.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_flags_outrank_environment_outranks_file_outranks_default(tmp_path: Path) -> None:
    path = _write(tmp_path, '[trade]\nmode = "paper"\n\n[collect]\ndays = 7\n')
    loaded = load(path, {"XQ_TRADE__MODE": "sim", "XQ_COLLECT__DAYS": "9"}, {"collect.days": 11})
    assert loaded.config.trade.mode == "sim"
    assert loaded.config.collect.days == 11
    assert loaded.config.backtest.initial_cash == 10_000
    assert loaded.origin("trade.mode").place == "XQ_TRADE__MODE"
    assert loaded.origin("trade.mode").overrides == ("xq.toml:2",)
    assert loaded.origin("collect.days").place == "--days"
    assert loaded.origin("collect.days").overrides == ("XQ_COLLECT__DAYS", "xq.toml:5")
    assert loaded.origin("backtest.fee").place == "default"


def test_an_explicit_zero_or_false_overrides(tmp_path: Path) -> None:
    path = _write(tmp_path, "[backtest]\nfee = 0.0\n[strategy.trend_following]\nshort = false\n")
    loaded = load(path, {"XQ_BACKTEST__SLIPPAGE": "0"})
    assert loaded.config.backtest.fee == 0
    assert loaded.config.backtest.slippage == 0
    assert loaded.config.strategy["trend_following"]["short"] is False


def test_lists_in_the_environment_are_split_at_commas() -> None:
    loaded = load(None, {"XQ_COLLECT__SYMBOLS": "BTC/USDT, ETH/USDT"})
    assert loaded.config.collect.symbols == ("BTC/USDT", "ETH/USDT")


@pytest.mark.parametrize(
    ("text", "message", "where"),
    [
        ("[trade]\nmod = 1\n", "unknown key 'trade.mod'; did you mean 'trade.mode'?", "xq.toml:2"),
        ("[trad]\nmode = 1\n", "unknown key 'trad'; did you mean 'trade'?", "xq.toml"),
        ("[serve]\nport = 1\n", "unknown key 'serve.port'; did you mean 'metrics.port'?",
         "xq.toml:2"),
        ("[backtest]\nfee = 3\n", "backtest.fee: expected at most 1, found 3",
         "xq.toml:2"),
        ("[backtest]\nfee = nan\n", "backtest.fee: expected a finite number, found nan",
         "xq.toml:2"),
        ("[collect]\nsymbols = []\n", "collect.symbols: expected at least one, found ()",
         "xq.toml:2"),
    ],
)  # fmt: skip
def test_refusals_name_key_place_and_value(
    tmp_path: Path, text: str, message: str, where: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(_write(tmp_path, text), {})
    assert caught.value.message.replace("[]", "()") == message
    assert (caught.value.where or "").startswith(where)
    assert caught.value.hint


def test_broken_toml_and_unknown_environment_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not valid TOML"):
        load(_write(tmp_path, "[trade\n"), {})
    with pytest.raises(ConfigError, match=r"exchange\.nam.*exchange\.name"):
        load(None, {"XQ_EXCHANGE__NAM": "sim"})


def test_a_named_file_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a config file, found none"):
        open_workspace(tmp_path / "gone.toml", environ={}, cwd=tmp_path)


def test_the_file_is_found_from_a_folder_below(tmp_path: Path) -> None:
    _write(tmp_path, '[lake]\npath = "store"\n')
    (tmp_path / "deep" / "er").mkdir(parents=True)
    ws = open_workspace(environ={}, cwd=tmp_path / "deep" / "er")
    assert ws.lake == tmp_path / "store"


def test_secrets_come_from_environment_or_dotenv_and_hide(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("XQ_API_KEY=abc\nXQ_API_SECRET=hidden-one\n")
    ws = open_workspace(environ={"XQ_API_KEY": "outranks"}, cwd=tmp_path)
    pair = ws.credentials()
    assert pair is not None
    assert pair.api_key.get_secret_value() == "outranks"
    assert "hidden-one" not in repr(pair) + repr(ws) + str(settings(ws))
    assert credentials({"XQ_API_KEY": "only"}) is None


def test_an_exchange_may_have_a_key_pair_of_its_own() -> None:
    common = {"XQ_API_KEY": "common", "XQ_API_SECRET": "c"}
    own = common | {"XQ_API_KEY_SIM_BYBIT": "own", "XQ_API_SECRET_SIM_BYBIT": "o"}
    for environ, exchange, expected in (
        (common, "sim-bybit", "common"),
        (own, "sim-bybit", "own"),
        (own, "binance", "common"),
        (own, "", "common"),
    ):
        pair = credentials(environ, exchange)
        assert pair is not None
        assert pair.api_key.get_secret_value() == expected
    assert credentials(common | {"XQ_API_KEY_BYBIT": "half of a pair"}, "bybit") is None


def test_a_dotenv_that_is_no_text_is_refused_without_its_bytes(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"XQ_API_SECRET=hidden\xff\xfe")
    with pytest.raises(ConfigError, match="expected text in UTF-8") as caught:
        open_workspace(environ={}, cwd=tmp_path)
    assert caught.value.where == str(tmp_path / ".env")
    assert "hidden" not in str(caught.value)


def test_a_folder_named_dotenv_is_somebody_else_s(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    assert open_workspace(environ={}, cwd=tmp_path).credentials() is None


def test_the_template_is_valid_and_changes_nothing(tmp_path: Path) -> None:
    assert load(_write(tmp_path, template()), {}).config == Config()
    uncommented = "\n".join(
        line.removeprefix("# ")
        for line in template().splitlines()
        if "not set" not in line and not line.startswith(("# xq:", "# Env", "# Secrets"))
    )
    loaded = load(_write(tmp_path, uncommented), {})
    assert loaded.config.model_copy(update={"strategy": {}}) == Config()
    assert len(loaded.origins) > 20


def test_init_makes_a_workspace_once(tmp_path: Path) -> None:
    created = init(tmp_path / "ws", exchange="sim")
    assert open_workspace(environ={}, cwd=created.path).config.exchange.name == "sim"
    assert "trend_following" in created.strategies
    assert (created.path / "strategies" / "trend_following.py").is_file()
    with pytest.raises(UsageError, match="already"):
        init(tmp_path / "ws")


def test_init_refuses_a_file_and_reports_a_read_only_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="found a file"):
        init(tmp_path / "file")
    with pytest.raises(StorageFailed, match="cannot make the workspace"):
        init(tmp_path / "file" / "below")


def test_the_repository_s_own_file_is_the_template() -> None:
    own = Path(__file__).resolve().parents[2] / "xq.toml"
    assert own.read_text(encoding="utf-8") == template()
