"""Faults as people write them: what is understood, and what is said about what is not."""

import pytest

from xq.errors import ConfigError, UnknownName
from xq.sim.wire.faults.effects import EFFECTS, REQUIRED
from xq.sim.wire.faults.fault import Call, Frame, Place
from xq.sim.wire.faults.roster import Roster
from xq.sim.wire.faults.script import fault_of, read_faults

SCRIPT = """
# two orders go wrong
[[fault]]
do = "lose_answer"
method = "POST"
path = "/fapi/v1/order"
symbol = "BTCUSDT"
owner = "main"
where = { side = "BUY" }
at = 3
times = 2

[[fault]]
name = "quiet"
do = "drop"
event = "ORDER_TRADE_UPDATE"
times = 0
"""


def test_a_script_is_read(tmp_path):
    path = tmp_path / "faults.toml"
    path.write_text(SCRIPT)
    lost, quiet = read_faults(path)
    assert (lost.name, lost.place, lost.at, lost.times) == ("lose_answer-1", Place.CALL, 3, 2)
    assert dict(lost.match.where) == {"side": "BUY"}
    assert (quiet.name, quiet.place, quiet.match.event) == (
        "quiet",
        Place.MESSAGE,
        "ORDER_TRADE_UPDATE",
    )
    assert fault_of(lost.described()) == lost
    assert fault_of(quiet.described()) == quiet


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('[[fault]]\ndo = "resett"', 2, "no fault does 'resett'; did you mean 'reset'?"),
        ('[[fault]]\nname = "x"', 1, "expected do = the name of a fault, found none"),
        ("[[fault]]\ndo = 5", 2, "expected the name of a fault, found 5"),
        ('[[fault]]\ndo = "reset"\n\npaht = "/x"', 4, "no key 'paht'; did you mean 'path'?"),
        ('[[fault]]\ndo = "reset"\npath = "x"', 3, "expected a path like /fapi/v1/order"),
        ('[[fault]]\ndo = "reset"\nmethod = "post"', 3, "expected one of GET, POST, PUT, DELETE"),
        ('[[fault]]\ndo = "reset"\nat = 0', 3, "expected a whole number from 1 for at, found 0"),
        ('[[fault]]\ndo = "reset"\nat = true', 3, "found True"),
        ('[[fault]]\ndo = "reset"\ntimes = -1', 3, "expected a whole number from 0 for times"),
        ('[[fault]]\ndo = "reset"\nwhen = "later"', 3, '"before" or "after"'),
        ('[[fault]]\ndo = "reset"\nevent = "x"', 3, "hits calls, which have no 'event'"),
        ('[[fault]]\ndo = "drop"\nmethod = "GET"', 3, "hits messages, which have no 'method'"),
        ('[[fault]]\ndo = "delay"', 1, "'delay' needs seconds"),
        ('[[fault]]\ndo = "delay"\nseconds = "1"', 3, "expected a number of seconds"),
        ('[[fault]]\ndo = "delay"\nseconds = -1', 3, "expected seconds from 0 to 86400"),
        ('[[fault]]\ndo = "delay"\nseconds = nan', 3, "expected seconds from 0 to 86400"),
        ('[[fault]]\ndo = "filters"\nmarket = "BTCUSDT"', 2, "needs one of tick, lot"),
        ('[[fault]]\ndo = "filters"\nmarket = "X"\ntick = 0.1', 4, 'as text, like "0.10"'),
        ('[[fault]]\ndo = "close"\ncode = 5', 3, "expected a whole number from 1000 to 4999"),
        ('[[fault]]\ndo = "reset"\nwhere = { side = 1 }', 3, "a text for parameter 'side'"),
        ('[[fault]]\ndo = "reset"\nwhere = "BUY"', 3, 'expected parameters like { side = "BUY" }'),
        ('[[fault]]\ndo = "reset"\nname = "a b"', 3, "expected a name of up to 64 letters"),
        (
            '[[fault]]\ndo = "reset"\nname = "a"\n[[fault]]\ndo = "hang"\nname = "a"',
            6,
            "another fault is named 'a'",
        ),
        ('[[faults]]\ndo = "reset"', None, "expected tables [[fault]], found 'faults'"),
        ('[fault]\ndo = "reset"', None, "expected tables [[fault]], found one [fault]"),
        ("[[fault]\n", None, "not valid TOML"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, text, line, said):
    path = tmp_path / "faults.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_faults(path)
    assert said in caught.value.message
    if line is not None:
        assert caught.value.where == f"{path}:{line}"


def test_a_script_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="cannot read the faults"):
        read_faults(tmp_path / "none.toml")


@pytest.mark.parametrize("row", [None, 5, [], "reset", [{"do": "reset"}]])
def test_json_that_is_no_fault(row):
    with pytest.raises(ConfigError, match="expected a fault with a key 'do'"):
        fault_of(row)


SAMPLES = {"seconds": 1, "ms": 5, "market": "BTCUSDT", "body": "{}"}


@pytest.mark.parametrize("do", EFFECTS)
def test_every_effect_can_be_written_and_read_back(do):
    needed = [key for key, default in EFFECTS[do].options.items() if default is REQUIRED]
    row = {"do": do} | {key: SAMPLES[key] for key in needed}
    if do == "filters":
        row["tick"] = "0.5"
    fault = fault_of(row)
    assert fault_of(fault.described()) == fault


class TestRoster:
    def test_faults_count_for_themselves(self):
        roster = Roster(
            [
                fault_of({"do": "reset", "method": "POST", "at": 2, "times": 0, "name": "a"}),
                fault_of({"do": "delay", "seconds": 1, "owner": "alice", "name": "b"}),
            ]
        )
        calls = [
            Call("POST", "/x", "alice"),
            Call("GET", "/x", "alice"),
            Call("POST", "/x", "main"),
            Call("POST", "/x", "main"),
        ]
        struck = [[fault.name for fault in roster.on_call(call)] for call in calls]
        assert struck == [["b"], [], ["a"], ["a"]]
        assert [entry.seen for entry in roster.entries] == [3, 2]
        assert [entry.spent for entry in roster.entries] == [False, True]

    def test_requests_over_a_socket_do_not_meet_what_needs_a_connection(self):
        roster = Roster([fault_of({"do": "reset"}), fault_of({"do": "timeout"})])
        struck = roster.on_call(Call("POST", "/x", over_http=False))
        assert [fault.do for fault in struck] == ["timeout"]
        assert [entry.seen for entry in roster.entries] == [0, 1]

    def test_messages(self):
        roster = Roster([fault_of({"do": "gap", "symbol": "BTCUSDT", "at": 2})])
        book, other = (Frame("/public/ws", "depthUpdate", symbol) for symbol in ("BTCUSDT", "X"))
        trade = Frame("/public/ws", "trade", "BTCUSDT")
        struck = [len(roster.on_frame(frame)) for frame in (trade, book, other, book, book)]
        assert struck == [0, 0, 0, 1, 0]

    def test_ending_faults(self):
        roster = Roster([fault_of({"do": "reset", "times": 0})])
        with pytest.raises(UnknownName, match="did you mean 'reset-1'"):
            roster.remove("reset-2")
        roster.remove("reset-1")
        assert roster.on_call(Call("GET", "/x")) == []
        roster.add(fault_of({"do": "drop"}))
        assert roster.watches_frames
        roster.clear()
        assert not roster.watches_frames
