"""Memory that stays with a collecting process is used again."""

import subprocess
import sys

import pytest

_AGAIN = """
import resource
import numpy as np
import pyarrow as pa
from xq.collect import memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        held = [np.ones(200_000) for _ in range(4)]
        del held
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

memory.keep()
memory.keep()
faults()
again = faults()
assert again < 1_000, again  # glibc alone: 76,000
assert pa.default_memory_pool().backend_name == "system"
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_freed_memory_is_used_again() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _AGAIN], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
