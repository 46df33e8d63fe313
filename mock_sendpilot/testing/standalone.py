"""A sandbox without pytest: `mock_sendpilot.sandbox`, for unittest and for scripts."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from mock_sendpilot.testing.emulator_url import own_host
from mock_sendpilot.testing.sandbox import Sandbox, SandboxFactory


@contextmanager
def sandbox(
    contract: str | None = None,
    *,
    url: str | None = None,
    seed: str | Path | Mapping[str, Any] | None = None,
    starts_at: datetime | str | None = None,
    frozen: bool | None = None,
    random_seed: str | None = None,
    faults: Iterable[Mapping[str, Any]] | None = None,
    **options: object,
) -> Iterator[Sandbox]:
    """Serve a fresh workspace on a free port of 127.0.0.1 within a `with` block.

    It has what the fixture `sendpilot` has, and a server of its own, in a thread of this process;
    or it is on an emulator that runs elsewhere.

    Args:
        contract: `documented`, `example`, `schema`, `live` or another contract.
        url: the URL of an emulator that runs already; by default that of SENDPILOT_URL, if it is
            set.
        seed: the contents of the workspace, or the path of a seed with one workspace, relative to
            the working directory.
        starts_at: the time that its clock shows at first, as for `sendpilot.clock.set`.
        frozen: whether the clock starts frozen.
        random_seed: the seed of all chance.
        faults: the faults of its requests, as the control API writes them.
        options: options of the contract with their values, such as `patch_reply="example"`.

    Raises:
        InvalidInput: an unknown contract, option or value; it says which are known.
        EmulatorUnavailable: no emulator of this version answers at the URL, or it needs a token.
        UnconsumedFault: at the end of the block a fault has hit fewer requests than it was to hit,
            unless the block has raised.
    """
    __tracebackhide__ = True
    with (
        own_host(url, random_seed="sandbox") as host,
        SandboxFactory(host)(
            contract,
            seed=seed,
            starts_at=starts_at,
            frozen=frozen,
            random_seed=random_seed,
            faults=faults,
            **options,
        ) as made,
    ):
        yield made
        made.check_faults()
