"""The environment in which a command reaches the emulator at the vendor's own URL, over TLS."""

import os
import shutil
import ssl
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.network import VENDOR_HOST
from mock_sendpilot.tls.authority import Authority
from mock_sendpilot.tls.gateway import ADDRESS, Gateway, NextProxy

_BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PROXIES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_HERE = Path(__file__).parent


def redirection(
    server_port: int, environment: Mapping[str, str]
) -> AbstractContextManager[dict[str, str]]:
    """Return a context in which a command's connections to the vendor's host reach a server.

    Its value is the variables that the command gets next to the others of its environment.

    Args:
        server_port: the port of the server, which speaks HTTP.
        environment: the one that the command would have without this.

    Raises:
        TlsNotInstalled: no certificate can be made.
        InvalidInput: the proxy in the environment is not an HTTP proxy.
    """
    authority = Authority()
    gateway = Gateway(
        server_port,
        authority.server_context(VENDOR_HOST, ADDRESS, "localhost"),
        has_proxy=True,
        next_proxy=_next_proxy(environment),
    )
    return _running(gateway, authority, environment)


@contextmanager
def _running(
    gateway: Gateway, authority: Authority, environment: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    with gateway, TemporaryDirectory(prefix="mock-sendpilot-") as name:  # of this user alone
        folder = Path(name)
        yield {
            **_trust(authority, environment, folder),
            **_proxies(gateway, environment),
            **_preloads(gateway, environment, folder),
        }


def _trust(authority: Authority, environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Write what is trusted so far, and the authority."""
    # The first three variables replace what a client trusts, and Node's adds to it.
    bundle, extra = folder / "ca-bundle.pem", folder / "ca.pem"
    own = authority.certificate
    bundle.write_bytes(b"\n".join([*_trusted_so_far(environment), own]))
    extra.write_bytes(b"\n".join([*_certificates(environment.get("NODE_EXTRA_CA_CERTS")), own]))
    return {**dict.fromkeys(_BUNDLES, str(bundle)), "NODE_EXTRA_CA_CERTS": str(extra)}


def _proxies(gateway: Gateway, environment: Mapping[str, str]) -> dict[str, str]:
    url = f"http://{ADDRESS}:{gateway.proxy_port}"
    exceptions = {
        name: _without_vendor(environment[name])
        for name in ("no_proxy", "NO_PROXY")
        if name in environment
    }
    return {"HTTPS_PROXY": url, "https_proxy": url, **exceptions}


def _preloads(gateway: Gateway, environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Write what runs first in Python and Node, whose clients may ignore proxies."""
    python = folder / "python"
    python.mkdir()
    shutil.copyfile(_HERE / "python_preload.py", python / "sitecustomize.py")
    node = folder / "preload.cjs"
    shutil.copyfile(_HERE / "node_preload.cjs", node)
    # First on the path, since Python runs one `sitecustomize` alone; ours runs the next one.
    paths = [str(python), environment.get("PYTHONPATH", "")]
    # Node splits the variable at blanks, and reads a backslash in quotes as an escape.
    escaped = str(node).replace("\\", "\\\\").replace('"', '\\"')
    options = [environment.get("NODE_OPTIONS", ""), f'--require "{escaped}"']
    return {
        "MOCK_SENDPILOT_REDIRECT": f"{VENDOR_HOST}={ADDRESS}:{gateway.tls_port}",
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "NODE_OPTIONS": " ".join(filter(None, options)),
    }


def _next_proxy(environment: Mapping[str, str]) -> NextProxy | None:
    """Return the proxy that the command would have used for https.

    Raises:
        InvalidInput: it is no HTTP proxy.
    """
    name = next((name for name in _PROXIES if environment.get(name)), None)
    if name is None or "*" in _entries(
        environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    ):
        return None
    try:
        return NextProxy.from_url(environment[name])
    except InvalidInput as error:
        raise InvalidInput(f"{name}: {error.message}; unset it, or use --no-tls") from error


def _entries(no_proxy: str) -> list[str]:
    return [entry.strip() for entry in no_proxy.split(",")]


def _without_vendor(no_proxy: str) -> str:
    """Return the hosts that need no proxy, but for the vendor's: it must not be reached."""
    return ",".join(entry for entry in _entries(no_proxy) if not _has_vendor(entry))


def _has_vendor(entry: str) -> bool:
    domain = entry.partition(":")[0].removeprefix("*").strip(".").lower()
    return entry == "*" or (domain != "" and f".{VENDOR_HOST}".endswith(f".{domain}"))


def _trusted_so_far(environment: Mapping[str, str]) -> list[bytes]:
    """Return the certificates of the environment, the system and certifi."""
    paths = [environment.get(name) for name in _BUNDLES]
    if not environment.get("SSL_CERT_FILE"):
        paths.append(ssl.get_default_verify_paths().cafile)
    found = [part for path in dict.fromkeys(paths) for part in _certificates(path)]
    if not found:
        import certifi

        found = [Path(certifi.where()).read_bytes()]
    return found


def _certificates(path: str | None) -> list[bytes]:
    """Return the files at a path, which may be a folder of certificates."""
    if not path:
        return []
    place = Path(path)
    files = sorted(place.iterdir()) if place.is_dir() else [place]
    return [one.read_bytes() for one in files if one.is_file()]
