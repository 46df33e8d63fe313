"""The names of a server: what the Host header of a request may have."""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from mock_sendpilot.errors import NotAllowed
from mock_sendpilot.network import VENDOR_HOST

ANY = "*"
_MAX_CHECKED_HOSTS = 100  # a stranger may send any number of names


class Hosts:
    """The names of a server. Any IP address and `localhost` are among them.

    Args:
        allowed: further names under which the emulator is reached; `*` for all.
        allows_vendor_host: let the vendor's own name through, too: a proxy or an entry in a hosts
            file brings clients here by it, and no stranger can point that name at this machine.
    """

    def __init__(self, allowed: Iterable[str] = (), *, allows_vendor_host: bool = True) -> None:
        names = {name.lower() for name in allowed}
        self._allowed = frozenset(names | {VENDOR_HOST} if allows_vendor_host else names)
        self._checked: set[str] = set()  # most requests have the same header

    def allow(self, names: Iterable[str]) -> None:
        """Let further names through, from now on."""
        self._allowed |= {name.lower() for name in names}

    def are_ours(self, host: str) -> bool:
        """Return whether a Host header has a name of ours."""
        if host in self._checked:
            return True
        try:
            self.check(host)
        except NotAllowed:
            return False
        return True

    def check(self, host: str) -> None:
        """Refuse a Host header with a name that is not ours.

        Raises:
            NotAllowed: it has another name, or is no host at all.
        """
        if host in self._checked:
            return
        name = _name(host)
        if name is None:  # Werkzeug raises an exception at some of them when it makes a URL
            raise NotAllowed(
                f"Host {host!r} is not allowed", hint="expected a name or NAME:PORT as Host"
            )
        # No Host at all comes from HTTP/1.0 tools, never from a browser.
        is_local = name in {"", "localhost"} or name.endswith(".localhost")
        is_allowed = ANY in self._allowed or name in self._allowed
        # An address is harmless: a stranger can point a name of theirs at this machine, and then
        # the browser takes the emulator for their site. For an address it is a foreign origin.
        if not (is_local or is_allowed or _is_ip(name)):
            hint = f"if {name!r} is this emulator, start it with --allowed-host {name}"
            raise NotAllowed(f"Host {name!r} is not allowed", hint=hint)
        if len(self._checked) < _MAX_CHECKED_HOSTS:
            self._checked.add(host)


def _name(host: str) -> str | None:
    """Return the name in a Host header, or None where it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises ValueError for anything but a port
        name = (parts.hostname or "").lower().rstrip(".")
        if "xn--" in name:
            name.encode("ascii").decode("idna")  # raises, too
    except ValueError:
        return None
    return name


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
