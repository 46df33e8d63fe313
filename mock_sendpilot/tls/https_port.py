"""A port on which a server is reached by https."""

from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mock_sendpilot.network import VENDOR_HOST
from mock_sendpilot.tls.authority import Authority
from mock_sendpilot.tls.gateway import ADDRESS, Gateway

if TYPE_CHECKING:
    from typing_extensions import Self


class HttpsPort(AbstractContextManager["HttpsPort"]):
    """An https port of 127.0.0.1 in front of a server, from `__enter__` to `__exit__`.

    Args:
        server_port: the port of the server, which speaks HTTP.
        port: the https port; 0 takes a free one.

    Raises:
        TlsNotInstalled: no certificate can be made.
        OSError: the port is taken.
    """

    def __init__(self, server_port: int, *, port: int = 0) -> None:
        authority = Authority()
        context = authority.server_context(VENDOR_HOST, ADDRESS, "localhost")
        self._gateway = Gateway(server_port, context, tls_port=port)
        self._folder = TemporaryDirectory(prefix="mock-sendpilot-")  # of this user alone
        self.certificate_file.write_bytes(authority.certificate)

    @property
    def origin(self) -> str:
        """The origin, such as `https://127.0.0.1:7364`."""
        return f"https://{ADDRESS}:{self._gateway.tls_port}"

    @property
    def certificate_file(self) -> Path:
        """The certificate that clients have to trust, as PEM; removed at the end."""
        return Path(self._folder.name) / "ca.pem"

    def __enter__(self) -> "Self":
        self._gateway.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._gateway.__exit__()
        self._folder.cleanup()
