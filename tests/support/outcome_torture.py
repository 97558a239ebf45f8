"""Every fault × call × kind of order × face against the simulated venue, judged by its ledger.

    python tests/support/outcome_torture.py [SHARES]

Shares run side by side, each against a venue of its own. Any wrong word ends it with status 1.
"""

import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from support.outcome_matrix import Finding, cases, matrix  # noqa: E402


def share(number: int, shares: int) -> list[Finding]:
    """Every so-manieth case."""
    found: list[Finding] = []
    with tempfile.TemporaryDirectory() as folder, matrix(Path(folder)) as made:
        for case in cases()[number::shares]:
            found.append(made.run(case))
            if len(found) % 250 == 0:
                wrong = sum(bool(one.wrong) for one in found)
                sys.stderr.write(f"share {number}: {len(found)} tried, {wrong} wrong\n")
    return found


def main() -> int:
    """Run all and tell."""
    shares = int(sys.argv[1]) if len(sys.argv) > 1 else os.cpu_count() or 1
    started = time.monotonic()
    with ProcessPoolExecutor(shares) as pool:
        found = [one for part in pool.map(share, range(shares), [shares] * shares) for one in part]
    wrong = [one for one in found if one.wrong]
    for one in wrong[:50]:
        sys.stdout.write(f"{one.case}: {one.said}: {one.wrong[:300]}\n")
    said = Counter((one.case.call, one.said) for one in found)
    for (call, word), count in sorted(said.items()):
        sys.stdout.write(f"{call:8} {word:9} {count:5}\n")
    seconds = time.monotonic() - started
    sys.stdout.write(f"{len(found)} combinations, {len(wrong)} wrong, {seconds:.0f} s\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
