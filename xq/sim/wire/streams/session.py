"""One connection: what it listens to and how its messages are wrapped."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import orjson

from xq.sim.instruments import Face
from xq.sim.wire.streams.names import Access
from xq.sim.wire.streams.outbox import Outbox

Tamper = Callable[[str, bytes], Iterable[bytes]]  # topic, message: what is sent instead


@dataclass(slots=True, eq=False)
class Session:
    """A client of the streams.

    Attributes
    ----------
    combined
        Whether messages say which stream they belong to.
    names
        Streams subscribed to, oldest first; also those that will never say anything.
    tamper
        Loses, repeats or changes messages on purpose; None sends them as they are.
    """

    face: Face
    access: Access
    combined: bool
    outbox: Outbox
    names: dict[str, None] = field(default_factory=dict)
    tamper: Tamper | None = None

    def tell(self, name: str, frame: bytes, topic: str = "") -> None:
        """Send a message of a stream, under its name; faults may know it by another topic."""
        if self.tamper is None:
            self.outbox.put(wrapped(name, frame) if self.combined else frame)
            return
        for changed in self.tamper(topic if topic else name, frame):
            self.outbox.put(wrapped(name, changed) if self.combined else changed)


def wrapped(name: str, frame: bytes) -> bytes:
    """A message as combined streams send it.

    Examples
    --------
    >>> wrapped("btcusdt@trade", b'{"e":"trade"}')
    b'{"stream":"btcusdt@trade","data":{"e":"trade"}}'
    """
    return b'{"stream":' + orjson.dumps(name) + b',"data":' + frame + b"}"
