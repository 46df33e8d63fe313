"""The dashboard: the first paint of many leads, PATCHes while tabs are open, a change on a screen.

A tab is what the server has of one: a stream of changes, and a request for the fragment that each
message makes stale. Where there is a browser, paints and changes are measured in it.
"""

import http.client
import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import Any

from benchmarks import load
from benchmarks.processes import Started
from benchmarks.report import Finding, Row, Settings, Skipped
from benchmarks.world import KEY, emulator, patches

_FEW, _MANY = 100, 100_000
_TABS = 5
_CONNECTIONS = 8
_PAGES, _PAINTS, _CHANGES = 30, 9, 20
_MAX_PAINT_RATIO = 1.5
_MAX_PATCH_RATIO = 1 / 0.85  # of the time; 0.85 of the throughput
_MAX_CHANGE_MS = 200.0
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_WORKSPACE = "/dashboard/ws_benchmark"
_LEADS = f"{_WORKSPACE}/leads"
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
_OBSERVE = """() => {
  window.seen = [];
  const note = () => window.seen.push(performance.timeOrigin + performance.now());
  const options = { subtree: true, childList: true, characterData: true, attributes: true };
  new MutationObserver(note).observe(document.querySelector("[data-live=rows]"), options);
}"""


def run(settings: Settings) -> Iterator[Finding]:
    """Measure it."""
    with emulator(lead_count=_FEW) as few, emulator(lead_count=_MANY) as many:
        yield _paint_row("page of leads, server", *_page_times(few, many))
        path = next(filter(None, map(shutil.which, _BROWSERS)), None)
        if path is None or find_spec("playwright") is None:
            yield Skipped("page of leads, browser", "needs playwright and chromium")
        else:
            yield from _in_browser(path, few, many)
        yield _patches_with_tabs(settings, few)


def _paint_row(name: str, ours: list[float], baseline: list[float]) -> Row:
    return Row(
        name=f"{name}, {_MANY:,}",
        unit="ms",
        ours=ours,
        baseline_name=f"{_FEW} leads",
        baseline=baseline,
        max_ratio=_MAX_PAINT_RATIO,
        is_paired=False,
    )


def _page_times(few: Started, many: Started) -> tuple[list[float], list[float]]:
    times: dict[int, list[float]] = {few.port: [], many.port: []}
    for number in range(_PAGES + 1):
        for port, durations in times.items():
            began = time.perf_counter()
            _get(port, _LEADS, Accept="text/html")
            if number:  # the first one compiles templates
                durations.append((time.perf_counter() - began) * 1000)
    return times[many.port], times[few.port]


def _in_browser(path: str, few: Started, many: Started) -> Iterator[Finding]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--disable-gpu"])
        # Playwright waits with eval, which the pages forbid.
        paints: dict[int, list[float]] = {few.port: [], many.port: []}
        for number in range(_PAINTS + 1):
            for port, found in paints.items():
                page = browser.new_page(bypass_csp=True)
                page.goto(f"http://127.0.0.1:{port}{_LEADS}")
                page.wait_for_function(_PAINT)
                if number:
                    found.append(page.evaluate(_PAINT))
                page.close()
        yield _paint_row("first paint of leads", paints[many.port], paints[few.port])
        yield _change_on_screen(browser, few.port)
        browser.close()


def _change_on_screen(browser: Any, port: int) -> Row:
    page = browser.new_page(bypass_csp=True)
    page.goto(f"http://127.0.0.1:{port}{_LEADS}")
    page.evaluate(_OBSERVE)
    delays: list[float] = []
    replied: list[float] = []
    for number in range(_CHANGES):
        page.evaluate("window.seen.length = 0")
        began = time.perf_counter()
        _patch(port, number)
        replied.append((time.perf_counter() - began) * 1000)
        replied_at = time.time() * 1000
        page.wait_for_function("window.seen.length > 0")
        delays.append(page.evaluate("window.seen[0]") - replied_at)
        page.wait_for_timeout(500)  # so that the next change is one after a pause
    page.close()
    return Row(
        name="change on the screen, after the reply",
        unit="ms",
        ours=delays,
        baseline_name="request to reply",
        baseline=replied,
        max_value=_MAX_CHANGE_MS,
        is_paired=False,
    )


def _patches_with_tabs(settings: Settings, server: Started) -> Row:
    streams = [patches(number) for number in range(_CONNECTIONS)]
    load.for_seconds(server.port, streams, settings.seconds)
    with_tabs: list[float] = []
    alone: list[float] = []
    for number in range(settings.rounds):
        for has_tabs in (True, False) if number % 2 else (False, True):
            with ExitStack() as stack:
                for _ in range(_TABS if has_tabs else 0):
                    stack.enter_context(_tab(server.port))
                replies = load.for_seconds(server.port, streams, settings.seconds)
            (with_tabs if has_tabs else alone).append(1e6 / replies.per_second)
    return Row(
        name=f"PATCH with {_TABS} tabs, {_CONNECTIONS} conn.",
        unit="us/request",
        ours=with_tabs,
        baseline_name="no tab",
        baseline=alone,
        max_ratio=_MAX_PATCH_RATIO,
    )


@contextmanager
def _tab(port: int) -> Iterator[None]:
    """Have a tab open: it asks for its fragment at each message, as the script of the page does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", f"{_WORKSPACE}/changes", headers={"Accept": "text/event-stream"})
    response = connection.getresponse()
    is_closing = threading.Event()

    def read() -> None:
        while not is_closing.is_set():
            try:
                line = response.readline()
            except OSError:
                return
            if line.startswith(b"data:") and not is_closing.is_set():
                _get(port, _LEADS, **{"X-Fragments": "rows"})

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield
    finally:
        is_closing.set()
        _patch(port, 0)  # a last message, so that the reader looks up
        _patch(port, 1)
        reader.join()
        connection.close()


def _get(port: int, path: str, **headers: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    if response.status != http.client.OK:
        raise RuntimeError(f"GET {path}: {response.status}")


def _patch(port: int, number: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = json.dumps({"status": ("OPPORTUNITY", "NOT_INTERESTED")[number % 2]})
    headers = {"X-API-Key": KEY, "Content-Type": "application/json"}
    connection.request("PATCH", "/v1/leads/lead_benchmark00/status", body, headers)
    connection.getresponse().read()
    connection.close()
