"""Pages in process, and a browser for what only a browser shows."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from tests.dashboard.html import Document
from tests.support import Api, Reply

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REQUIRED = "BROWSER_TESTS"
"""The variable of the environment that makes a missing browser a failure: `required`."""
_QUIET = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--no-first-run",
)
Scheme = Literal["light", "dark"]
OpenTab = Callable[..., Page]
GetPage = Callable[..., Document]
SubmitForm = Callable[..., Reply]


@pytest.fixture
def get_page(api: Api) -> GetPage:
    """Pages of the demo world: `get_page("/ws_demo/leads")`."""

    def get(path: str, *, status: int = 200, headers: dict[str, str] | None = None) -> Document:
        accept = {"Accept": "text/html", **(headers or {})}
        reply = api("GET", f"/dashboard{path}", key=None, headers=accept)
        assert reply.status == status, reply.body[:500]
        return Document(reply.body.decode())

    return get


@pytest.fixture
def post_form(api: Api, get_page: GetPage) -> Callable[..., Reply]:
    """Posts a form as a browser does, with the token of a page."""

    def post(path: str, fields: dict[str, str], **headers: str) -> Reply:
        from urllib.parse import urlencode

        token = get_page("/ws_demo").field("token")
        sent = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        body = urlencode({"token": token, **fields}).encode()
        return api("POST", f"/dashboard{path}", key=None, body=body, headers=sent)

    return post


@pytest.fixture
def submit(get_page: GetPage, post_form: Callable[..., Reply]) -> SubmitForm:
    """Submits the form of a page that has a button of that name, as the script does.

    `fields` are members of the body; of several forms with such a button the first is meant, or
    that whose request has `call` in it.
    """

    def submit_form(path: str, button: str, *, call: str = "", **fields: str) -> Reply:
        forms = [one for one in get_page(path).all("form") if _button(one.text) == button]
        form = next(one for one in forms if call in one.fields["call"])
        filled = {f"body.{name}": value for name, value in fields.items()}
        return post_form("/ws_demo/call", {**form.fields, **filled, "confirmed": "1"})

    return submit_form


def _button(text: list[str]) -> str:
    return text[-2].strip() if len(text) > 1 else ""


@pytest.fixture
def server(emulator: Emulator) -> Iterator[EmulatorServer]:
    """A server of the demo world."""
    with EmulatorServer(emulator) as running:
        yield running


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The browser of the system, for this package alone: it occupies the thread's event loop."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        missing = "no browser, so the dashboard is not tested in one: install chromium"
        pytest.fail(missing) if os.environ.get(REQUIRED) == "required" else pytest.skip(missing)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=_QUIET)
        yield started
        started.close()


@pytest.fixture
def open_tab(browser: Browser, server: EmulatorServer) -> Iterator[OpenTab]:
    """Opens a page of the server in a tab; a message in the console fails the test.

    Failed requests are messages of the browser's own: `expected` is in those that are right.
    """
    contexts: list[Any] = []
    messages: list[str] = []

    def open_path(
        path: str,
        *,
        scheme: Scheme = "light",
        width: int = 1280,
        origin: str = "",
        expected: str = "nothing",
        **options: Any,
    ) -> Page:
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 900}, **options
        )
        context.set_default_timeout(5000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: _note(message, messages, expected))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("request", lambda request: _note_foreign(request, messages))
        page.goto(f"{origin or server.origin}/dashboard{path}")
        return page

    yield open_path
    for context in contexts:
        context.close()
    assert messages == []


def _note(message: ConsoleMessage, messages: list[str], expected: str) -> None:
    if expected not in message.text:
        messages.append(f"{message.type}: {message.text} ({message.location.get('url')})")


def _note_foreign(request: Request, messages: list[str]) -> None:
    if not request.url.startswith(("http://127.0.0.1:", "data:")):
        messages.append(f"a request elsewhere: {request.url}")
