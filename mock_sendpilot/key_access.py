"""The access that an API key gives: a workspace, with its request journal and its faults."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from mock_sendpilot.errors import ScopeMissing
from mock_sendpilot.traffic.faults import Faults
from mock_sendpilot.traffic.journal import RequestJournal
from mock_sendpilot.world.limits import RateLimiter
from mock_sendpilot.world.models import ApiKey
from mock_sendpilot.world.workspace import Workspace

KeyRule = Callable[[Iterable[str]], None]
"""A function that raises `NotAllowed` for API keys that must not be added."""


@dataclass(frozen=True, slots=True)
class Access:
    """The workspace that an API key opens, with the scopes and the rate limit of the key."""

    workspace: Workspace
    api_key: ApiKey
    journal: RequestJournal
    faults: Faults
    limiter: RateLimiter | None = None

    def require(self, scope: str) -> None:
        """Require a scope.

        Raises:
            ScopeMissing: the key does not have it.
        """
        if not self.api_key.allows(scope):
            raise ScopeMissing(
                "API key does not have permission to access this workspace",
                hint=f"this key lacks the scope {scope!r}",
            )


def new_access(
    workspace: Workspace, api_key: ApiKey, journal: RequestJournal, faults: Faults
) -> Access:
    """Return what a key opens, with nothing used of its rate limit."""
    limit = api_key.rate_limit
    limiter = RateLimiter(workspace.clock, limit) if limit else None
    return Access(workspace, api_key, journal, faults, limiter)


def new_faults(workspace: Workspace) -> Faults:
    """Return the faults of a workspace, none of them armed."""
    return Faults(new_id=partial(workspace.ids.prefixed, "fault"), now=workspace.clock.now)
