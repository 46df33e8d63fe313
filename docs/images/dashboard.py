"""Takes the pictures of the dashboard: `make screenshots`.

The world, its clock and its chance are fixed, and so is what differs from run to run: the real
time, ports and the durations of requests. So a picture changes when a page does.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal, get_args

import orjson
import requests
from playwright.sync_api import Browser, Page, sync_playwright

from mock_sendpilot import Emulator, parse_seed
from mock_sendpilot.cli.options import EXAMPLE_SECRET
from mock_sendpilot.dashboard.rendering import NAVIGATION
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.receiver import WebhookReceiver

FOLDER = Path(__file__).parent
_DEMO = FOLDER.parents[1] / "fixtures" / "demo.json"
_NOW = datetime(2026, 6, 1, 9, tzinfo=timezone.utc)
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_STEADY = (
    "--disable-gpu",
    "--disable-lcd-text",
    "--disable-partial-raster",
    "--disable-skia-runtime-opts",
)
"""What makes a browser paint the same page in the same way."""
_WIDTH, _HEIGHT = 1280, 720
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)
_LEAD = "lead_abc123"
_PLACES = {
    "lead": f"leads/{_LEAD}",
    "campaign": "campaigns/camp_xyz789",
    "conversation": "inbox/2-OVp-y-UNyFXBYvx0FqmQ",
}
"""The pages of single things, beside those of the sections; the rest is found by `_served`."""
_FIX = """([replacements]) => {
  document.querySelectorAll(".real time").forEach((time) => {
    delete time.dataset.ticks;
    time.textContent = "09:00:00";
  });
  document.querySelectorAll("rect.bar").forEach((bar) => {
    bar.setAttribute("x", bar.getAttribute("x") < 500 ? 0 : 976);
    bar.setAttribute("width", 24);
  });
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    for (const [pattern, text] of replacements) {
      const fixed = walker.currentNode.nodeValue.replace(new RegExp(pattern, "g"), text);
      if (fixed !== walker.currentNode.nodeValue) walker.currentNode.nodeValue = fixed;
    }
  }
}"""


def main() -> None:
    """Take a picture of each page, light and dark."""
    path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if path is None:
        raise SystemExit("no browser: install chromium")
    with _served() as (origin, receiver_url, places), sync_playwright() as playwright:
        replacements = [
            (re.escape(receiver_url.removesuffix("/webhooks")), "http://127.0.0.1:9000"),
            (re.escape(origin), "http://127.0.0.1:7363"),
            (r"\b\d+(\.\d+)? ms\b", "2 ms"),
            (f"{SystemClock().now():%Y-%m-%d}" + r" \d\d:\d\d:\d\d", f"{_NOW:%Y-%m-%d %H:%M:%S}"),
        ]
        browser = playwright.chromium.launch(executable_path=path, args=_STEADY)
        for scheme in SCHEMES:
            page = _open(browser, scheme)
            page.goto(f"{origin}/dashboard/ws_demo")  # the first is painted a little differently
            page.screenshot()
            for name, place in (*_sections(), *_PLACES.items(), *places.items()):
                page.goto(f"{origin}/dashboard/ws_demo/{place}".rstrip("/"))
                page.evaluate(_FIX, [replacements])
                (FOLDER / f"dashboard-{name}-{scheme}.png").write_bytes(_picture(page))
        browser.close()


def _sections() -> Iterator[tuple[str, str]]:
    for place, title in NAVIGATION:
        yield title.lower(), place


def _open(browser: Browser, scheme: Scheme) -> Page:
    page = browser.new_page(
        color_scheme=scheme,
        reduced_motion="reduce",
        viewport={"width": _WIDTH, "height": _HEIGHT},
    )
    # A page that is drawn again would show what differs from run to run.
    page.route("**/changes?*", lambda route: route.abort())
    return page


def _picture(page: Page) -> bytes:
    before, picture = b"", page.screenshot(animations="disabled")
    while picture != before:  # the first may be taken before everything is painted
        before, picture = picture, page.screenshot(animations="disabled")
    return picture


@contextmanager
def _served() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Serve the demo world after a morning of work.

    Yield its origin, the receiver's URL, and the pages of a delivery that was retried and of the
    trace that it belongs to.
    """
    world = orjson.loads(_DEMO.read_bytes())
    for workspace in world["workspaces"]:
        workspace["clock"] = {"startsAt": _NOW.isoformat(), "frozen": True}
    emulator = Emulator(random_seed="picture")
    emulator.load(parse_seed(orjson.dumps(world), now=_NOW))
    with WebhookReceiver() as receiver, EmulatorServer(emulator) as server:
        _work(server.origin, receiver)
        outbox = emulator.outbox(emulator.workspace("ws_demo"))
        retried = next(one for one in outbox.log.all() if len(one.attempts) > 1)
        places = {"delivery": f"deliveries/{retried.id}", "chain": f"trace/{retried.event_id}"}
        yield server.origin, receiver.url, places


def _work(origin: str, receiver: WebhookReceiver) -> None:
    session = requests.Session()
    session.trust_env = False
    session.headers["X-API-Key"] = "YOUR_API_KEY"

    def call(method: str, path: str, body: object = None) -> None:
        session.request(method, origin + path, json=body, timeout=10)

    def advance(duration: str) -> None:
        call("POST", "/_emulate/clock", {"advance": duration})

    call("POST", "/_emulate/endpoints", {"url": receiver.url, "secret": EXAMPLE_SECRET})
    call("POST", "/_emulate/snapshots", {"name": "before the morning"})
    advance("20m")
    call("GET", "/v1/leads?campaignId=camp_xyz789")
    call("PATCH", f"/v1/leads/{_LEAD}/status", {"status": "OPPORTUNITY", "note": "wants a demo"})
    call("PATCH", f"/v1/leads/{_LEAD}/status", {"status": "OPORTUNITY"})
    advance("15m")
    search = {"name": "Founders in Berlin", "filters": {"jobTitles": ["Founder"]}, "limit": 25}
    call("POST", "/v1/lead-database/searches", search)
    receiver.respond(503)
    call("PATCH", f"/v1/leads/{_LEAD}/status", {"status": "DONE"})
    advance("2h")
    call("POST", "/_emulate/faults", {"effect": {"status": 503}, "times": 2})
    call("GET", f"/v1/leads/{_LEAD}")
    call(
        "POST",
        "/_emulate/faults",
        {"effect": {"latencySeconds": 2}, "times": None, "probability": 0.25},
    )
    call("POST", "/_emulate/disruptions", {"kind": "duplicate", "times": 3})
    call("POST", "/_emulate/disruptions", {"kind": "chaos", "randomSeed": "7"})
    call("POST", f"/_emulate/leads/{_LEAD}/simulate", {"action": "reply", "text": "Sounds good!"})
    call("POST", "/_emulate/snapshots", {"name": "after the reply"})
    advance("1s")


if __name__ == "__main__":
    main()
