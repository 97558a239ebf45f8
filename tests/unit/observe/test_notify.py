"""Messages: wanted ones, rationed, delivered to a real server, never in the way."""

import base64
import json
import threading
from collections.abc import Mapping
from typing import Any

import pytest
from support.mail_server import mail_server
from support.wire_server import HANG, Request, WireServer, answer, closed_port

from xq.clock import ManualClock
from xq.errors import ConfigError
from xq.observe.event import Bus, Event, Level
from xq.observe.notify import Notifier, Sent, Wishes
from xq.observe.rationed import Rationed
from xq.observe.targets import NAME, targets

WISHES = Wishes(Level.INFO, frozenset({"filled", "error"}), burst=2, every_seconds=60, seconds=30)


def event(kind: str, text: str = "t", level: Level = Level.INFO) -> Event:
    return Event(kind, level, text, 0)


class Desk:
    """A notifier with one JSON target, and what arrived there."""

    def __init__(self, url: str, wishes: Wishes = WISHES) -> None:
        self.clock = ManualClock(0)
        self.sent: list[Sent] = []
        known = targets({NAME: f"hook={url.replace('http', 'json')}/token-0123456789"})
        self.notifier = Notifier(known, wishes, self.clock, "xq sim", self.sent.append)

    def tell(self, *events: Event) -> None:
        for item in events:
            self.notifier.take(item)
        self.notifier.close(120)


def received(server: WireServer) -> list[Mapping[str, Any]]:
    return [json.loads(request.body) for request in server.requests]


def fine(_: Request) -> bytes:
    return answer(200, "")


def test_a_message_arrives_with_title_text_and_weight() -> None:
    with WireServer(fine) as server:
        desk = Desk(server.url)
        desk.tell(event("filled", "buy 1"), event("switch_tripped", "drawdown", Level.ALARM))
    first, second = received(server)
    assert (first["title"], first["message"], first["type"]) == ("xq sim: filled", "buy 1", "info")
    assert (second["title"], second["type"]) == ("xq sim: switch tripped", "failure")
    assert desk.sent == [Sent("hook", None)] * 2


@pytest.mark.parametrize(
    ("kind", "level", "least", "told"),
    [
        ("filled", Level.INFO, Level.INFO, True),
        ("filled", Level.INFO, Level.WARNING, False),
        ("filled", Level.WARNING, Level.WARNING, True),
        ("decision", Level.WARNING, Level.INFO, False),
        ("decision", Level.ALARM, Level.ALARM, True),
    ],
)
def test_what_is_wanted(kind: str, level: Level, least: Level, told: bool) -> None:
    assert Wishes(least, frozenset({"filled"})).want(event(kind, level=level)) is told


def test_a_flood_is_rationed_by_kind_and_the_rest_is_counted() -> None:
    with WireServer(fine) as server:
        desk = Desk(server.url)
        for number in range(10):
            desk.notifier.take(event("error", str(number)))
        desk.notifier.take(event("filled", "f"))
        desk.clock.sleep(60)
        desk.notifier.take(event("error", "later"))
        desk.notifier.take(event("error", "left out"))
        desk.notifier.close(120)
    texts = [message["message"] for message in received(server)]
    assert texts == [
        "0", "1", "f", "later\n(8 more of these were left out before)",
        "1 more messages about error were left out",
    ]  # fmt: skip


def test_what_was_left_out_is_told_when_a_kind_falls_silent() -> None:
    ration = Rationed(burst=1, every_seconds=10)
    assert [ration.admit("error", 0) for _ in range(3)] == [0, None, None]
    assert ration.overdue(5) == {}
    assert ration.overdue(10) == {"error": 2}
    assert ration.overdue(20) == {}


def test_a_target_that_is_away_is_tried_and_told_about_and_nothing_waits() -> None:
    desk = Desk(f"http://127.0.0.1:{closed_port()}")
    desk.tell(event("filled"))
    (sent,) = desk.sent
    assert (sent.target, sent.problem is None) == ("hook", False)
    assert "token-0123456789" not in str(sent)


def test_a_server_that_never_answers_holds_nobody_up() -> None:
    asked = threading.Event()

    def hang(_: Request) -> bytes:
        asked.set()
        return HANG

    with WireServer(hang) as server:
        desk = Desk(server.url)
        for number in range(500):
            desk.notifier.take(event("error", str(number), Level.ALARM))
        assert asked.wait(120)
        desk.notifier.close(0)
        assert desk.sent == []


def test_a_full_queue_drops_and_counts() -> None:
    with WireServer(lambda _: HANG) as server:
        desk = Desk(server.url, Wishes(Level.INFO, frozenset(), burst=1000, seconds=30))
        for number in range(500):
            desk.notifier.take(event("error", str(number), Level.ALARM))
        desk.notifier.close(0)
    assert desk.notifier.dropped >= 298  # 200 wait, one is under way


def test_a_listener_that_fails_stops_nobody() -> None:
    class Broken:
        def take(self, event: Event) -> None:
            raise RuntimeError("no")

    class Heard:
        events: list[Event] = []  # noqa: RUF012 - one instance

        def take(self, event: Event) -> None:
            self.events.append(event)

    heard = Heard()
    bus = Bus((Broken(), heard))
    bus.emit(event("filled"))
    assert (bus.failures, len(heard.events), bool(Bus())) == (1, 1, False)


def test_a_mail_arrives() -> None:
    with mail_server() as (port, mails):
        url = f"mailto://127.0.0.1:{port}?from=xq@desk.example&to=ann@desk.example&mode=insecure"
        (target,) = targets({NAME: url})
        assert target.send("xq sim: filled", "buy 1 BTC/USDT", Level.INFO, 120) is None
    (mail,) = mails
    assert "Subject: xq sim: filled" in mail
    assert "ann@desk.example" in mail
    assert "buy 1 BTC/USDT" in mail or base64.b64encode(b"buy 1 BTC/USDT").decode()[:12] in mail


SERVICES = {
    "tgram://123456789:abcdefg_hijklmnop/12315544": ("Telegram", "tgram://***/***"),
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general": ("Slack", "slack://***/***"),
    "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js": ("Discord", "discord://***/***"),
    "mailtos://ann:hunter22@mail.example.com?to=bob@example.com": (
        "E-Mail", "mailtos://mail.example.com/***",
    ),
    "json://127.0.0.1:9000/token": ("JSON", "json://127.0.0.1:9000/***"),
}  # fmt: skip


def test_services_are_known_and_shown_without_secrets() -> None:
    known = targets({NAME: "\n".join(SERVICES)})
    assert [(t.service, t.shown) for t in known] == list(SERVICES.values())
    assert [t.name for t in known] == ["tgram", "slack", "discord", "mailtos", "json"]
    assert "hunter22" not in repr(known)


def test_names() -> None:
    known = targets({NAME: "json://h/a phone=json://h/b json://h/c"})
    assert [t.name for t in known] == ["json", "phone", "json-2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nothing", "entry 1 is no URL"),
        ("json://h/x nonsense://secret-token", r"entry 2 \(nonsense://\) is not understood"),
        ("a=json://h/x a=json://h/y", "two entries are called 'a'"),
    ],
)
def test_what_is_no_target_is_refused_without_telling_it(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        targets({NAME: text})
    assert "secret-token" not in str(refused.value)


def test_without_apprise_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "apprise", None)
    with pytest.raises(ConfigError, match="not installed") as refused:
        targets({NAME: "json://h/x"})
    assert refused.value.hint == "pip install 'xq[notify]'"
