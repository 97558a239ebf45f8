"""A million random events, told to the simulated venue and to a second implementation of it.

    python tests/support/venue_torture.py EVENTS [SEED [LENGTH]]

Stories of LENGTH events on all cores; after every event both venues are asked for everything they
know. The first difference is shrunk to its shortest story, printed, and ends it with status 1.
One story again: ``EVENTS`` = ``LENGTH``.
"""

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from support.venue_duel.duel import Tally, explain, fight, story  # noqa: E402


def tell(seed: int, length: int) -> tuple[int, Tally, str]:
    """One story; the explanation is empty when both agree."""
    tally = Tally()
    events = story(seed, length)
    found = fight(events, tally)
    return seed, tally, "" if found is None else explain(events, found)


def main() -> int:
    """Tell stories until enough events have passed."""
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    length = int(sys.argv[3]) if len(sys.argv) > 3 else 300
    stories = -(-total // length)
    started, events, fills, refused = time.monotonic(), 0, 0, 0
    with ProcessPoolExecutor(min(os.cpu_count() or 1, stories)) as pool:
        told = pool.map(tell, range(first, first + stories), [length] * stories, chunksize=1)
        for seed, tally, difference in told:
            if difference:
                pool.shutdown(cancel_futures=True)
                print(f"seed {seed}: {difference}")
                print(f"again: python tests/support/venue_torture.py {length} {seed} {length}")
                return 1
            events, fills = events + tally.events, fills + tally.fills
            refused += tally.refused
    seconds = time.monotonic() - started
    print(
        f"{events:,} events in {stories:,} stories, {fills:,} fills, {refused:,} refusals, "
        f"no difference; {seconds:,.0f} s, {events / seconds:,.0f} events/s"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
