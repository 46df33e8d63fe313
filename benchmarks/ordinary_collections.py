"""The command with Python's own garbage collection; a baseline of `garbage`."""

import sys
from contextlib import nullcontext

from mock_sendpilot.__main__ import main
from mock_sendpilot.cli import memory


def _collect_nothing(*, max_seconds: float = 0.0) -> None:
    del max_seconds


if __name__ == "__main__":
    memory.collections_off = nullcontext  # type: ignore[assignment]
    memory.make_collections_rare = lambda: None
    memory.collect_garbage = _collect_nothing
    main(sys.argv[1:])
