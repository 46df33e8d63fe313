"""Without pytest, for unittest and for scripts: `mock_sendpilot.sandbox` and `explore`."""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mock_sendpilot.evidence.recording import recorded
from mock_sendpilot.testing.backends.local import LocalHost
from mock_sendpilot.testing.emulator_url import own_host
from mock_sendpilot.testing.sandbox import Sandbox, SandboxFactory

if TYPE_CHECKING:
    from mock_sendpilot.explorer.exploring import Exploration
    from mock_sendpilot.testing.receiver_check import ProbeSource
    from mock_sendpilot.testing.serving import Receiver


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
        SandboxFactory(recorded(host) if isinstance(host, LocalHost) else host)(
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


def explore(
    receiver: "Receiver",
    *,
    probe: "ProbeSource",
    contract: str | None = None,
    random_seed: str | None = None,
    **options: Any,
) -> "Exploration":
    """Search for the smallest schedule that a receiver does not survive.

    Args:
        receiver: a URL, or a WSGI or ASGI app.
        probe: what the app knows about its leads: a function, a URL, a path of the app, or a
            command.
        contract: the contract of the webhooks; by default `documented`.
        random_seed: the seed of the search; by default a new one, which the result has.
        options: the other arguments of `Sandbox.explore`, such as `secret` and `examples`.

    Raises:
        InvalidInput: as for `Sandbox.explore`.
    """
    __tracebackhide__ = True
    with own_host(None, random_seed="sandbox") as host, SandboxFactory(host)(contract) as made:
        seed = secrets.token_hex(4) if random_seed is None else random_seed
        return made.explore(receiver, probe=probe, random_seed=seed, **options)
