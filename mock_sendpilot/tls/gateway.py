"""Ports in front of an HTTP server: one speaks TLS, the other is a proxy for `CONNECT`.

The proxy sends the vendor's host to the first port, and every other host where it wants to go.
"""

import asyncio
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.network import VENDOR_HOST, listening_socket
from mock_sendpilot.tls.authority import Authority

if TYPE_CHECKING:
    from typing_extensions import Self

ADDRESS = "127.0.0.1"
_BACKLOG = 128
_CHUNK_BYTES = 65_536
_HEAD_SECONDS = 30.0
_PROXY_PORTS: Mapping[str, int] = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Stream:
    """A connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def abort(self) -> None:
        """Close the connection without the end that TLS has, so that the peer sees it is cut."""
        self.writer.transport.abort()


@dataclass(frozen=True)
class NextProxy:
    """The proxy that other hosts are reached by."""

    scheme: str
    host: str
    port: int
    authorization: str | None = None

    @classmethod
    def from_url(cls, url: str) -> "NextProxy":
        """Return the proxy of a URL, such as the value of `HTTPS_PROXY`.

        Raises:
            InvalidInput: it is not the URL of an HTTP proxy.
        """
        parts = urlsplit(url if "://" in url else f"http://{url}")
        try:
            port = parts.port or _PROXY_PORTS.get(parts.scheme)
        except ValueError:
            port = None
        if port is None or parts.scheme not in _PROXY_PORTS or not parts.hostname:
            raise InvalidInput("expected the URL of an HTTP proxy, such as http://proxy:3128")
        authorization = None
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            authorization = b64encode(pair.encode()).decode()
        return cls(parts.scheme, parts.hostname, port, authorization)

    async def open(self, target: str) -> Stream:
        """Return a connection to a target, HOST:PORT, through the proxy.

        Raises:
            OSError: the proxy does not answer, or refuses.
        """
        context = ssl.create_default_context() if self.scheme == "https" else None
        stream = Stream(*await asyncio.open_connection(self.host, self.port, ssl=context))
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
        if self.authorization is not None:
            lines.append(f"Proxy-Authorization: Basic {self.authorization}")
        stream.writer.write("\r\n".join([*lines, "", ""]).encode())
        head = await _read_head(stream.reader)
        status = head.split(b" ", 2)[1:2]
        if status != [b"200"]:
            stream.writer.close()
            answer = head.partition(b"\r\n")[0].decode("latin-1")
            raise OSError(f"the proxy {self.host}:{self.port} answers {answer!r}")
        return stream


class Gateway(AbstractContextManager["Gateway"]):
    """Serve TLS and `CONNECT` on ports of this machine, from `__enter__` to `__exit__`.

    Args:
        server_port: the port of the HTTP server.
        context: has the certificate.
        tls_port: the port for TLS; 0 takes a free one.
        has_proxy: serve `CONNECT`, too.
        next_proxy: the proxy that other hosts are reached by.

    Raises:
        OSError: the port is taken.
    """

    def __init__(
        self,
        server_port: int,
        context: ssl.SSLContext,
        *,
        tls_port: int = 0,
        has_proxy: bool = False,
        next_proxy: NextProxy | None = None,
    ) -> None:
        self._server_port = server_port
        self._context = context
        self._next_proxy = next_proxy
        self._tls = _listen(tls_port)
        self._proxy = _listen(0) if has_proxy else None
        self._is_serving = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="mock-sendpilot-tls", daemon=True)

    @property
    def tls_port(self) -> int:
        """The port that speaks TLS."""
        port: int = self._tls.getsockname()[1]
        return port

    @property
    def proxy_port(self) -> int | None:
        """The port of the proxy; None without one."""
        return None if self._proxy is None else self._proxy.getsockname()[1]

    def __enter__(self) -> "Self":
        self._thread.start()
        self._is_serving.wait()
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._serve())  # at its end it cancels what is open

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        servers = [
            await asyncio.start_server(
                _handler(self._terminate_tls), sock=self._tls, ssl=self._context
            )
        ]
        if self._proxy is not None:
            servers.append(await asyncio.start_server(_handler(self._connect), sock=self._proxy))
        self._is_serving.set()
        await self._stop.wait()
        for server in servers:
            server.close()

    async def _terminate_tls(self, client: Stream) -> None:
        server = Stream(*await asyncio.open_connection(ADDRESS, self._server_port))
        await _tunnel(client, server)

    async def _connect(self, client: Stream) -> None:
        head = await asyncio.wait_for(_read_head(client.reader), _HEAD_SECONDS)
        method, _, rest = head.partition(b" ")
        target = rest.partition(b" ")[0].decode("latin-1")
        if method != b"CONNECT":
            await _refuse(client, "405 Method Not Allowed", "only https is proxied, by CONNECT")
            return
        try:
            server = await self._open(target)
        except (OSError, ValueError, EOFError) as error:
            await _refuse(client, "502 Bad Gateway", f"{target}: {error}")
            return
        client.writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _tunnel(client, server)

    async def _open(self, target: str) -> Stream:
        host, _, port = target.rpartition(":")
        host = host.strip("[]")
        if host.lower().rstrip(".") == VENDOR_HOST:  # whatever the port, so that nothing leaks
            return Stream(*await asyncio.open_connection(ADDRESS, self.tls_port))
        if self._next_proxy is not None:
            return await self._next_proxy.open(target)
        return Stream(*await asyncio.open_connection(host, int(port)))


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


def _listen(port: int) -> socket.socket:
    return listening_socket((ADDRESS, port), family=socket.AF_INET, backlog=_BACKLOG)


def _handler(
    answer: Callable[[Stream], Coroutine[Any, Any, None]],
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Stream(reader, writer)
        try:
            await answer(client)
        except (OSError, EOFError, asyncio.LimitOverrunError, asyncio.TimeoutError):
            client.abort()  # one side is gone
        finally:
            writer.close()

    return handle


async def _read_head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def _refuse(client: Stream, status: str, reason: str) -> None:
    body = f"mock-sendpilot: {reason}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    client.writer.write(head.encode("latin-1", "replace") + body)
    await client.writer.drain()


async def _tunnel(client: Stream, server: Stream) -> None:
    """Forward bytes both ways until the server has sent its last ones; what is cut stays cut."""
    requests = asyncio.ensure_future(_forward(client, server))
    try:
        await _forward(server, client)
    finally:
        requests.cancel()
        server.writer.close()


async def _forward(source: Stream, target: Stream) -> None:
    try:
        while content := await source.reader.read(_CHUNK_BYTES):
            target.writer.write(content)
            await target.writer.drain()
    except OSError:
        target.abort()
        return
    if target.writer.can_write_eof():  # with TLS only a close ends the stream
        target.writer.write_eof()
