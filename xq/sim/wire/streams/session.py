"""One connection: what it listens to and how its messages are wrapped."""

from dataclasses import dataclass, field

import orjson

from xq.sim.instruments import Face
from xq.sim.wire.streams.names import Access
from xq.sim.wire.streams.outbox import Outbox


@dataclass(slots=True, eq=False)
class Session:
    """A client of the streams.

    Attributes
    ----------
    combined
        Whether messages say which stream they belong to.
    names
        Streams subscribed to, oldest first; also those that will never say anything.
    """

    face: Face
    access: Access
    combined: bool
    outbox: Outbox
    names: dict[str, None] = field(default_factory=dict)

    def tell(self, name: str, frame: bytes) -> None:
        """Send a message of a stream, under its name."""
        self.outbox.put(wrapped(name, frame) if self.combined else frame)


def wrapped(name: str, frame: bytes) -> bytes:
    """A message as combined streams send it.

    Examples
    --------
    >>> wrapped("btcusdt@trade", b'{"e":"trade"}')
    b'{"stream":"btcusdt@trade","data":{"e":"trade"}}'
    """
    return b'{"stream":' + orjson.dumps(name) + b',"data":' + frame + b"}"
