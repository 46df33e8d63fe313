"""A certificate authority of our own, which lives as long as its object."""

import ssl

from mock_sendpilot.errors import SendPilotError


class TlsNotInstalled(SendPilotError):
    """The package that makes certificates is not installed."""

    def __init__(self) -> None:
        super().__init__("TLS needs the extra `tls`: pip install 'mock_sendpilot[tls]'")


class Authority:
    """A certificate authority that no client trusts by default. Its key stays in memory.

    Raises:
        TlsNotInstalled: trustme is missing.
    """

    def __init__(self) -> None:
        try:
            import trustme
        except ImportError as error:
            raise TlsNotInstalled from error
        self._ca = trustme.CA(
            organization_name="mock_sendpilot", organization_unit_name="for one run"
        )

    @property
    def certificate(self) -> bytes:
        """The certificate to trust, as PEM."""
        return self._ca.cert_pem.bytes()

    def server_context(self, *names: str) -> ssl.SSLContext:
        """Return a context for a server with these names and addresses."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.set_alpn_protocols(["http/1.1"])  # the server behind it speaks no HTTP/2
        self._ca.issue_cert(*names).configure_cert(context)
        return context
