"""Memory that is used again and again stays with the process while it collects."""

import ctypes
import sys

import pyarrow as pa

# Parameters of glibc's mallopt, from malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_KEPT, _LARGE, _ARENAS = 128 << 20, 32 << 20, 2


def keep() -> None:
    """Let freed memory wait for its next use instead of going back to the system.

    Pages of bars and their columns are some hundred kilobytes large. Left alone, glibc asks the
    system anew for each of them, and Arrow's allocator holds a hundred megabytes in reserve. Only
    where memory is glibc's; elsewhere nothing is changed.
    """
    if sys.platform != "linux":
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return
    settings = ((_TRIM_THRESHOLD, _KEPT), (_MMAP_THRESHOLD, _LARGE), (_ARENA_MAX, _ARENAS))
    if all(mallopt(name, value) for name, value in settings):
        pa.set_memory_pool(pa.system_memory_pool())
