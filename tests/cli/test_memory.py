"""The memory of the server's process, looked at in a process of its own."""

import ctypes
import subprocess
import sys

import pytest

_HAS_MALLINFO2 = sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallinfo2")
_SCRIPT = """
import ctypes
from mock_sendpilot.cli.memory import give_back_large_blocks

class Information(ctypes.Structure):
    names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in names.split()]

mallinfo2 = ctypes.CDLL(None).mallinfo2
mallinfo2.restype = Information
give_back_large_blocks()
bytes(8_000_000)  # glibc would keep blocks up to this size from now on
before = mallinfo2().hblkhd
kept = bytes(1_000_000)
print(mallinfo2().hblkhd - before >= len(kept))
"""


@pytest.mark.skipif(not _HAS_MALLINFO2, reason="needs a new glibc")
def test_a_large_block_is_the_systems_own_also_after_a_larger_one() -> None:
    command = [sys.executable, "-c", _SCRIPT]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert ended.stdout == "True\n"


@pytest.mark.parametrize(
    ("max_seconds", "is_frozen"),
    [pytest.param(60, False, id="soon"), pytest.param(0, True, id="after long")],
)
def test_a_collection_that_takes_long_leaves_out_what_stays(
    max_seconds: int, is_frozen: bool
) -> None:
    script = (
        "import gc\n"
        "from mock_sendpilot.cli.memory import collect_garbage\n"
        "kept = [[] for _ in range(1_000)]\n"
        f"collect_garbage(max_seconds={max_seconds})\n"
        "print(gc.get_freeze_count() > len(kept))\n"
    )
    command = [sys.executable, "-c", script]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert ended.stdout == f"{is_frozen}\n"
