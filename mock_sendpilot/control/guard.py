"""Checks of Host, Origin and the control token.

A page in a browser can send requests to 127.0.0.1: under a name that its owner points there, which
the Host shows, or from its own origin, which the Origin shows.
"""

import hmac
import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import request

from mock_sendpilot.errors import NotAllowed
from mock_sendpilot.network import is_loopback

ANY = "*"
VENDOR_HOST = "api.sendpilot.ai"
_MAX_CHECKED_HOSTS = 100


class Guard:
    """Checks of Host, Origin and control token. Any IP address and `localhost` may be the Host.

    Args:
        allowed_hosts: further names under which the emulator is reached; `*` for all.
        allows_vendor_host: let the vendor's own name through, too: a proxy or an entry in a hosts
            file brings clients here by it, and no stranger can point that name at this machine.
        control_token: what requests to the control API must carry, or None.
    """

    def __init__(
        self,
        *,
        allowed_hosts: Iterable[str] = (),
        allows_vendor_host: bool = True,
        control_token: str | None = None,
    ) -> None:
        names = {name.lower() for name in allowed_hosts}
        self._allowed_hosts = frozenset(names | {VENDOR_HOST} if allows_vendor_host else names)
        self._control_token = control_token
        self._checked_hosts: set[str] = set()  # most requests have the same header

    def check_host(self) -> None:
        """Refuse a request for a name that is not ours.

        Raises:
            NotAllowed: the Host header has another name, or is no host at all.
        """
        host = request.environ.get("HTTP_HOST", "")
        if host in self._checked_hosts:
            return
        name = _name(host)
        if name is None:  # Werkzeug raises at some of them when it makes a URL
            raise NotAllowed(
                f"Host {host!r} is not allowed", hint="expected a name or NAME:PORT as Host"
            )
        allows = ANY in self._allowed_hosts or name in self._allowed_hosts
        if not (_is_local(name) or _is_ip(name) or allows):
            hint = f"if {name!r} is this emulator, start it with --allowed-host {name}"
            raise NotAllowed(f"Host {name!r} is not allowed", hint=hint)
        if len(self._checked_hosts) < _MAX_CHECKED_HOSTS:
            self._checked_hosts.add(host)

    def check_machine(self) -> None:
        """Require the control token, or a client on this machine.

        Raises:
            NotAllowed: the client is elsewhere, and the server has no control token.
        """
        address = request.remote_addr  # None or empty behind a Unix socket
        if self._control_token is None and address and not is_loopback(address):
            hint = "start the server with --control-token TOKEN"
            raise NotAllowed("Only clients on this machine may manage workspaces", hint=hint)

    def check_control(self) -> None:
        """Refuse a request to the control API from a foreign page or without the token.

        Raises:
            NotAllowed: the origin is foreign, or the token is missing or wrong.
        """
        origin = request.headers.get("Origin")
        host = request.headers.get("Host")
        own_origins = {f"http://{host}", f"https://{host}"} if host else set()
        if origin is not None and origin not in own_origins:
            raise NotAllowed(f"Origin {origin!r} may not use the control API")
        if self._control_token is None:
            return
        authorization = request.headers.get("Authorization", "")
        if not hmac.compare_digest(
            authorization.encode(), f"Bearer {self._control_token}".encode()
        ):
            hint = "send the header Authorization: Bearer <the token of --control-token>"
            raise NotAllowed("The control API needs its token", hint=hint)


def _name(host: str) -> str | None:
    """Return the name in a Host header, or None where it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises where it is none
        name = (parts.hostname or "").lower().rstrip(".")
        if "xn--" in name:
            name.encode("ascii").decode("idna")  # raises, too
    except ValueError:
        return None
    return name


def _is_local(name: str) -> bool:
    # No Host at all comes from HTTP/1.0 tools, never from a browser.
    return name in {"", "localhost"} or name.endswith(".localhost")


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
