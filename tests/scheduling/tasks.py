"""Tasks for the tests of scheduling."""

import threading


def nothing() -> None:
    """Do nothing."""


class Gate:
    """A task that runs until `may_end` is set."""

    def __init__(self) -> None:
        self.has_begun, self.may_end = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.has_begun.set()
        assert self.may_end.wait(10)
