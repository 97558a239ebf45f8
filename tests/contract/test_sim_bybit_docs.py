"""What docs/venue/bybit.md tells people to write works as it stands."""

import re
from pathlib import Path

from xq.clock import ManualClock, SystemClock
from xq.sim.wire.bybit.face import PRIVATE, PUBLIC
from xq.sim.wire.embed import ensure

PAGE = Path(__file__).parents[2] / "docs/venue/bybit.md"


def test_the_configuration_works(tmp_path, capsys):
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    names = {}
    with ensure(tmp_path, clock=ManualClock(SystemClock().now_ms()), seed=7) as venue:
        host = venue.url.removeprefix("http://")
        exec(code.replace("127.0.0.1:8787", host), names)
        names["bybit"].session.close()
    price, held = capsys.readouterr().out.split()
    assert float(price) > 40_000
    assert held == "0.01"


def test_every_endpoint_is_named():
    text = PAGE.read_text(encoding="utf-8")
    for name in (*PUBLIC, *PRIVATE):
        path = name.partition(" ")[2].removeprefix("/v5/")
        assert f"`{path}`" in text or f"`{path.split('/', 1)[1]}`" in text, name
