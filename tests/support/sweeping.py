"""What sweeps of faults say: a line of JSON each, one of sums, and an exit status."""

import json
from collections.abc import Iterable, Mapping
from typing import Any


def told(reports: Iterable[Mapping[str, Any]]) -> int:
    """Print reports as they come; 1 if anything in them was bad."""
    sums = {"points": 0, "stopped": 0, "bad": 0}
    for report in reports:
        print(json.dumps(report), flush=True)
        sums["points"] += report["points"]
        sums["stopped"] += report["stopped"]
        sums["bad"] += len(report["bad"])
    print(json.dumps(sums))
    return 1 if sums["bad"] else 0
