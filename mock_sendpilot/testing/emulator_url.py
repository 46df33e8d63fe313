"""The emulator that the tests of this process use: one of their own, or one that runs elsewhere."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.backends.control_api import is_vendor_url
from mock_sendpilot.testing.backends.local import LocalHost
from mock_sendpilot.testing.backends.protocol import Host
from mock_sendpilot.testing.backends.remote import TOKEN_VARIABLE, RemoteHost

if TYPE_CHECKING:
    import pytest

URL_OPTION, URL_SETTING = "--sendpilot-url", "sendpilot_url"
URL_VARIABLE = "SENDPILOT_URL"
RUN_VARIABLE = "MOCK_SENDPILOT_URL_OF_TESTS"
"""The variable in which the plugin keeps the URL of its run. SENDPILOT_URL may be the app's own."""


def url_of_environment() -> str | None:
    """Return the URL that the environment names; None for none.

    An app may have a variable of the same name for the real service. That is no emulator.
    """
    url = os.environ.get(RUN_VARIABLE) or os.environ.get(URL_VARIABLE)
    return None if not url or is_vendor_url(url) else url


def url_of_run(config: "pytest.Config") -> tuple[str, str] | None:
    """Return the place that names an emulator for a run of pytest, and its URL; None for none."""
    url = config.getoption(URL_OPTION)
    if url:
        return URL_OPTION, str(url)
    if url := url_of_environment():
        return URL_VARIABLE, url
    url = config.getini(URL_SETTING)
    return (URL_SETTING, str(url)) if url else None


def remote_host(url: str, *, place: str, random_seed: str) -> RemoteHost:
    """Return the emulator at a URL, which can be used.

    Args:
        url: the URL.
        place: the place that names it, for errors.
        random_seed: the same one gives the same ids.

    Raises:
        InvalidInput: it is no URL of an emulator.
        EmulatorUnavailable: there is none, or it cannot be used.
    """
    __tracebackhide__ = True
    token = os.environ.get(TOKEN_VARIABLE)
    try:
        host = RemoteHost(url, control_token=token, random_seed=random_seed)
    except InvalidInput as error:
        raise InvalidInput(f"{place}: {error}") from None
    host.check()
    return host


@contextmanager
def own_host(url: str | None, *, random_seed: str) -> Iterator[Host]:
    """Use the emulator at a URL or that of the environment; without one, start one meanwhile.

    Raises:
        InvalidInput, EmulatorUnavailable: as for `remote_host`.
    """
    __tracebackhide__ = True
    place = "url"
    if url is None:
        url, place = url_of_environment(), URL_VARIABLE
    if url is not None:
        yield remote_host(url, place=place, random_seed=random_seed)
        return
    emulator = Emulator(random_seed=random_seed)
    try:
        with EmulatorServer(emulator) as server:
            yield LocalHost(server)
    finally:
        emulator.close()
