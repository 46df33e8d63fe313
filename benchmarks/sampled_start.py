"""`mock-sendpilot start` under a timer of CPU time; at its end it prints whose import was running.

Run as a process by `benchmarks.profile`. It imports nothing that the start itself does not.
"""

import signal
import sys
from types import FrameType

SAMPLE_SECONDS = 0.001
_IMPORTING = "_find_and_load"  # of importlib, with the name of the module as a local


def _imported(frame: FrameType | None) -> str:
    """Return the package that is being imported; an empty text if none is."""
    while frame is not None:
        if frame.f_code.co_name == _IMPORTING:
            return str(frame.f_locals["name"]).partition(".")[0]
        frame = frame.f_back
    return ""


def main() -> None:
    """Start a server, and stop it with the process."""
    samples: list[str] = []
    signal.signal(signal.SIGPROF, lambda _, frame: samples.append(_imported(frame)))
    signal.setitimer(signal.ITIMER_PROF, SAMPLE_SECONDS, SAMPLE_SECONDS)
    from mock_sendpilot.__main__ import main as command

    try:
        command()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        print("samples", *(one or "-" for one in samples), file=sys.stderr)


if __name__ == "__main__":
    main()
