"""API keys: what each of them opens, and which ones may be added."""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from mock_sendpilot.errors import InvalidApiKey, InvalidInput, ScopeMissing
from mock_sendpilot.lazy_dataclass import dataclass
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


class ApiKeys:
    """The API keys of an emulator, each with its access. Any thread may call any method.

    Attributes:
        unknown_hint: the hint of the 401 for an unknown key.
    """

    def __init__(self) -> None:
        self.unknown_hint = "no workspace has this key"
        self._lock = threading.Lock()
        self._accesses: dict[str, Access] = {}
        self._rules: list[KeyRule] = []

    def find(self, key: str | None) -> Access | None:
        """Return what a key opens, also if it is revoked or expired; None if it is unknown."""
        # Every request asks, so without the lock: to look up one key is atomic.
        return self._accesses.get(key or "")

    def open(self, key: str | None) -> Access:
        """Return the workspace that a key opens.

        Raises:
            InvalidApiKey: no key, or one that is unknown, revoked or expired. The vendor has one
                message for all four.
        """
        access = self.find(key)
        if access is None:
            hint = self.unknown_hint if key else "send the key as the header X-API-Key"
            raise InvalidApiKey("Invalid API key", hint=hint)
        if access.api_key.is_revoked:
            raise InvalidApiKey("Invalid API key", hint="this key is revoked")
        expires_at = access.api_key.expires_at
        if expires_at is not None and expires_at <= access.workspace.clock.now():
            raise InvalidApiKey("Invalid API key", hint="this key has expired")
        return access

    def add(self, accesses: Sequence[Access]) -> None:
        """Add the keys of a new workspace, all or none of them.

        Raises:
            InvalidInput: another workspace has one of them.
            NotAllowed: a rule refuses one.
        """
        with self._lock:
            for access in accesses:
                if access.api_key.key in self._accesses:
                    raise InvalidInput(
                        f"an API key of workspace {access.workspace.id!r} belongs to another "
                        "workspace"
                    )
            for rule in self._rules:  # before any of them: one that is refused refuses all
                rule([access.api_key.key for access in accesses])
            self._put(accesses)

    def replace(self, accesses: Sequence[Access]) -> None:
        """Let existing keys open something else."""
        with self._lock:
            self._put(accesses)

    def remove(self, api_keys: Iterable[ApiKey]) -> None:
        """Remove keys."""
        with self._lock:
            for api_key in api_keys:
                del self._accesses[api_key.key]

    def add_rule(self, rule: KeyRule) -> None:
        """Check the existing keys with a function, and every key that is added later.

        Raises:
            NotAllowed: the rule refuses an existing key.
        """
        with self._lock:
            rule(self._accesses)
            self._rules.append(rule)

    def remove_rule(self, rule: KeyRule) -> None:
        """Remove a rule; do nothing if it was not added."""
        with self._lock, suppress(ValueError):
            self._rules.remove(rule)

    def _put(self, accesses: Sequence[Access]) -> None:
        for access in accesses:
            self._accesses[access.api_key.key] = access
