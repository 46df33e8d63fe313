"""The C library's allocator in the process of `mock-sendpilot start`."""

import ctypes
import sys

_M_MMAP_THRESHOLD = -3  # the parameter's number in glibc's malloc.h
_LARGE_BYTES = 256 * 1024


def give_back_large_blocks() -> None:
    """Have each block of 256 kB or more return to the system as soon as it is freed.

    glibc does so only at first: it takes every large block that is freed for a sign that more will
    come, and has each thread keep as much. A reply with thousands of events takes some MB, and any
    of the threads may have made one. Other C libraries have no such parameter, and do not need it.
    """
    if sys.platform != "linux":
        return
    set_parameter = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_parameter is not None:
        set_parameter(_M_MMAP_THRESHOLD, _LARGE_BYTES)
