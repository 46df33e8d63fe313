"""The guard of a server: Host, Origin, control token, and how many requests may wait.

A page in a browser can send requests to 127.0.0.1: under a name that its owner points there, which
the Host shows, or from its own origin, which the Origin shows.
"""

import hmac
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, current_app, request

from mock_sendpilot.control.hosts import Hosts
from mock_sendpilot.errors import LimitExceeded, NotAllowed
from mock_sendpilot.network import is_loopback

MAX_WAITING_REQUESTS = 128
MAX_POLL_SECONDS = 30
"""The longest wait of a request for changes; a client that goes on watching sends the next one."""
_GUARD = "mock_sendpilot.guard"
_WAITING = "mock_sendpilot.waiting_requests"
_FORWARDED_FOR = re.compile(r'\bfor="?(\[[^]]*\]|[^\s:;,"]+)', re.IGNORECASE)


class Guard:
    """Checks of Host, Origin and control token.

    Args:
        hosts: the names under which the emulator is reached.
        control_token: what requests to the control API must carry, or None.
    """

    def __init__(self, *, hosts: Hosts | None = None, control_token: str | None = None) -> None:
        self.hosts = Hosts() if hosts is None else hosts
        self._control_token = control_token

    def check_host(self) -> None:
        """Refuse a request for a name that is not ours.

        Raises:
            NotAllowed: the Host header has another name, or is no host at all.
        """
        self.hosts.check(request.environ.get("HTTP_HOST", ""))

    def check_machine(self) -> None:
        """Require the control token, or a client on this machine.

        Raises:
            NotAllowed: the client is elsewhere, and the server has no control token.
        """
        if self._control_token is None and any(not is_loopback(one) for one in _addresses()):
            hint = "start the server with --control-token TOKEN"
            raise NotAllowed("Only clients on this machine may do this", hint=hint)

    @property
    def needs_control_token(self) -> bool:
        """True if the control API requires a token."""
        return self._control_token is not None

    @property
    def session(self) -> str:
        """A value that a browser keeps instead of the control token, which it does not give away.

        It holds until the token changes, also after a restart.
        """
        key = (self._control_token or "").encode()
        return hmac.new(key, b"dashboard session", "sha256").hexdigest()

    @property
    def control_headers(self) -> dict[str, str]:
        """The headers that the control API requires of a request."""
        token = self._control_token
        return {} if token is None else {"Authorization": f"Bearer {token}"}

    def is_control_token(self, token: str) -> bool:
        """Return whether a text is the control token."""
        # Bytes, since compare_digest raises at texts beyond ASCII, and a header can hold any.
        return hmac.compare_digest(token.encode(), (self._control_token or "").encode())

    def check_origin(self) -> None:
        """Refuse a request that a page of another origin makes.

        Raises:
            NotAllowed: the origin is foreign.
        """
        origin = request.headers.get("Origin")
        host = request.headers.get("Host")
        own_origins = {f"http://{host}", f"https://{host}"} if host else set()
        if origin is not None and origin not in own_origins:
            raise NotAllowed(f"Origin {origin!r} may not use the control API")

    def check_control(self) -> None:
        """Refuse a request to the control API from a foreign page or without the token.

        Raises:
            NotAllowed: the origin is foreign, or the token is missing or wrong; without a control
                token the client is elsewhere.
        """
        self.check_origin()
        if self._control_token is None:
            self.check_machine()
            return
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not self.is_control_token(token):
            hint = "send the header Authorization: Bearer <the token of --control-token>"
            raise NotAllowed("The control API needs its token", hint=hint)


def _addresses() -> list[str]:
    """Return the addresses of a request's client: of the connection, and those a proxy passes on.

    A proxy on this machine connects from a loopback address for clients anywhere. Headers that a
    client makes up itself can only take a right away, since every address has to be a loopback one.
    """
    headers = request.headers
    addresses = [
        request.remote_addr or "",  # nothing behind a Unix socket
        *headers.get("X-Forwarded-For", "").split(","),
        headers.get("X-Real-IP", ""),
        *_FORWARDED_FOR.findall(headers.get("Forwarded", "")),
    ]
    return [address.strip() for address in addresses if address.strip()]


def keep_guard(app: Flask, guard: Guard) -> None:
    """Let views of an app ask its guard."""
    app.extensions[_GUARD] = guard


def current_guard() -> Guard:
    """Return the guard of the app that serves this request."""
    guard: Guard = current_app.extensions[_GUARD]
    return guard


# --- requests that wait ------------------------------------------------------------------------


def allow_waiting(app: Flask, *, max_requests: int = MAX_WAITING_REQUESTS) -> None:
    """Let requests to an app wait, but leave threads to the others."""
    app.extensions[_WAITING] = max_requests, threading.Semaphore(max_requests)


@contextmanager
def waiting(seconds: float) -> Iterator[None]:
    """Hold a place among the waiting requests; a request that waits no seconds needs none.

    Raises:
        LimitExceeded: all places are taken.
    """
    if not seconds:
        yield
        return
    places: threading.Semaphore
    max_requests, places = current_app.extensions[_WAITING]
    # Refused rather than queued: a queue of those who wait would take the threads of all others.
    if not places.acquire(blocking=False):
        raise LimitExceeded(
            "Too many requests wait at once",
            retry_after_seconds=1,
            hint=f"{max_requests} requests wait already; end some of them, or ask without waiting",
        )
    try:
        yield
    finally:
        places.release()
