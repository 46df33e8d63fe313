"""`sendpilot_factory`: sandboxes that live longer than one test."""

import itertools
from datetime import datetime

from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.sandbox import Sandbox
from mock_sendpilot.testing.sandbox_options import sandbox_options


class SandboxFactory:
    """Makes sandboxes for fixtures of any scope, and closes at the end what is still open.

    Args:
        server: the server of the test session.
    """

    def __init__(self, server: EmulatorServer) -> None:
        self._server = server
        self._sandboxes: list[Sandbox] = []  # those that are open
        self._numbers = itertools.count(1)

    def __call__(
        self,
        contract: str = "documented",
        *,
        starts_at: datetime | str | None = None,
        frozen: bool = False,
        random_seed: str | None = None,
        **options: object,
    ) -> Sandbox:
        """Make a fresh workspace; `with` closes it at the end of its block.

        Args:
            contract: `documented`, `example`, `schema`, `live` or another contract.
            starts_at: what its clock shows at first, as for `sendpilot.clock.set`; also in the
                past.
            frozen: whether the clock starts frozen.
            random_seed: what chance is drawn from; by default the number of this sandbox.
            options: options of the contract with their values, such as `patch_reply="example"`.

        Raises:
            InvalidInput: an unknown contract, option or value; it says which are known.
        """
        __tracebackhide__ = True
        wanted = sandbox_options(
            contract, starts_at=starts_at, frozen=frozen, random_seed=random_seed, **options
        )
        seed = f"sendpilot_factory/{next(self._numbers)}"
        sandbox = Sandbox(self._server, wanted, random_seed=seed)
        known = self._server.emulator.workspaces()
        still_open = [one for one in self._sandboxes if one.workspace in known]
        self._sandboxes = [*still_open, sandbox]
        return sandbox

    def close(self) -> None:
        """Close every sandbox that is still open."""
        for sandbox in self._sandboxes:
            sandbox.close()
