"""The memory of the process of `mock-sendpilot start`: its garbage collector and its allocator."""

import gc
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

COLLECT_SECONDS = 30.0
"""The time between two collections of everything."""
# The second number says how many objects live until the middle generation is collected: 10,000,
# which takes 2 ms. The third, that nobody but us collects the oldest.
_THRESHOLDS = (2_000, 5, 4_000)
_M_MMAP_THRESHOLD = -3  # the parameter's number in glibc's malloc.h
_LARGE_BYTES = 256 * 1024


@contextmanager
def collections_off() -> Iterator[None]:
    """Collect no garbage meanwhile: imports and seeds leave hardly any, and it takes long to look.

    Python would look at all code and all leads so far, again and again. Nor does it look at them
    afterwards: all of them are young then, and the next collection would take 60 ms with 100,000
    leads.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def make_collections_rare() -> None:
    """Have Python collect garbage seldom, and never look at what exists by now.

    A full collection looks at every object, which stops all callers for 60 ms with a full event
    log. Under load Python would make several a second. What the server drops is freed by reference
    counts; cycles, such as of an exception that its own traceback holds, can keep a socket open:
    every `COLLECT_SECONDS` is enough for them.
    """
    gc.freeze()  # code and the seed stay to the end
    gc.set_threshold(*_THRESHOLDS)


def collect_garbage(*, max_seconds: float = 0.04) -> None:
    """Collect everything; if that takes longer, never look again at what is left.

    Then there is much that stays, such as leads that were loaded over HTTP. Few of the objects that
    are left can be in a cycle that becomes garbage later.
    """
    began = time.thread_time()
    gc.collect()
    if time.thread_time() - began > max_seconds:
        gc.freeze()


def give_back_large_blocks() -> None:
    """Have each block of 256 kB or more return to the system as soon as it is freed.

    glibc does so only at first: it takes every large block that is freed for a sign that more will
    come, and has each thread keep as much. A reply with thousands of events takes some MB, and any
    of the threads may have made one. Other C libraries have no such parameter, and do not need it.
    """
    if sys.platform != "linux":
        return
    import ctypes  # 2 ms, which only a server pays for, and once it serves

    set_parameter = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_parameter is not None:
        set_parameter(_M_MMAP_THRESHOLD, _LARGE_BYTES)
