"""Pages and fragments in process: what they say, and that everything in them is text."""

import orjson
import pytest
from flask import Flask

from mock_sendpilot.dashboard.rendering import FRAGMENTS, NAVIGATION
from mock_sendpilot.emulator import Emulator
from tests.control.world import WORLD, parsed
from tests.dashboard.conftest import GetPage
from tests.dashboard.html import Document
from tests.dashboard.xss import GROUPS
from tests.support import Api, in_process

PAGES = (
    "",
    "/leads",
    "/leads/lead_abc123",
    "/campaigns",
    "/campaigns/camp_xyz789",
    "/inbox",
    "/inbox/2-OVp-y-UNyFXBYvx0FqmQ",
    "/jobs",
    "/webhooks",
    "/events",
    "/trigger?event=campaign.finished",
    "/requests",
    "/trace",
    "/trace/lead_abc123",
)
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
MAX_FIRST_PAGE_BYTES = 100_000


@pytest.mark.parametrize("path", PAGES)
def test_each_page_has_its_workspace_and_a_heading(get_page: GetPage, path: str) -> None:
    page = get_page(f"/ws_demo{path}")
    assert "Demo Outreach" in page.text
    assert len(page.all("h1")) == 1


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        pytest.param(HTML["Accept"], 303, id="a browser"),
        pytest.param("application/json", 200, id="a client that wants JSON"),
        pytest.param("*/*", 200, id="curl"),
        pytest.param("", 200, id="no header"),
    ],
)
def test_a_browser_is_sent_from_the_root_to_the_dashboard(
    api: Api, accept: str, status: int
) -> None:
    reply = api("GET", "/", key=None, headers={"Accept": accept})
    assert reply.status == status
    if status == 303:
        assert reply.headers["location"] == "/dashboard/"
    else:
        assert reply.json["baseUrl"].endswith("/v1")


def test_the_first_workspace_is_shown_first(api: Api) -> None:
    reply = api("GET", "/dashboard/", key=None, headers=HTML)
    assert reply.headers["location"] == "/dashboard/ws_demo"


@pytest.mark.parametrize("path", ["/nothing/of/this", "/ws_unknown", "/ws_demo/leads/lead_x"])
def test_a_page_that_does_not_exist_says_so(get_page: GetPage, path: str) -> None:
    assert "not found" in get_page(path, status=404).text


def test_a_dashboard_without_a_workspace_says_how_to_add_one() -> None:
    from mock_sendpilot.app import create_app

    emulator = Emulator()
    api = in_process(create_app(emulator).test_client())
    reply = api("GET", "/dashboard/", key=None, headers=HTML)
    emulator.close()
    assert "There is no workspace" in Document(reply.body.decode()).text


def test_an_app_can_have_no_dashboard(emulator: Emulator) -> None:
    from mock_sendpilot.app import create_app

    api = in_process(create_app(emulator, has_dashboard=False).test_client())
    assert api("GET", "/dashboard/", key=None, headers=HTML).status == 404
    assert "dashboard" not in api("GET", "/", key=None, headers=HTML).json


# --- what a browser may do ----------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PAGES, "/changes", "/find?q=x", "/leads/lead_x"])
def test_nothing_but_our_own_files_may_be_loaded(api: Api, path: str) -> None:
    headers = api("GET", f"/dashboard/ws_demo{path}", key=None, headers=HTML).headers
    assert headers["content-security-policy"].startswith(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'"
    )
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_a_script_or_a_style_of_its_own(get_page: GetPage, path: str) -> None:
    page = get_page(f"/ws_demo{path}")
    assert page.all("style") == []
    assert [one for one in page.all("script") if "".join(one.text).strip()] == []
    names = {name for one in page.elements for name in one.attributes}
    assert [name for name in names if name == "style" or name.startswith("on")] == []


def test_the_first_page_is_small(api: Api, get_page: GetPage) -> None:
    page = get_page("/ws_demo")
    urls = [one.attributes["href"] for one in page.all("link")]
    urls += [one.attributes["src"] for one in page.all("script")]
    files = [api("GET", url, key=None) for url in urls]
    assert [one.status for one in files] == [200] * 3
    assert {one.headers["cache-control"] for one in files} == {
        "public, max-age=31536000, immutable"
    }
    size = len(page.source) + sum(len(one.body) for one in files)
    assert size < MAX_FIRST_PAGE_BYTES


# --- fragments ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_each_fragment_is_that_of_the_page(api: Api, get_page: GetPage, path: str) -> None:
    api("POST", "/_emulate/clock", json={"freeze": True})
    page = get_page(f"/ws_demo{path}")
    names = [one.attributes["data-live"] for one in page.elements if "data-live" in one.attributes]
    reply = api("GET", f"/dashboard/ws_demo{path}", key=None, headers={FRAGMENTS: " ".join(names)})
    fragments = reply.json["fragments"]
    assert list(fragments) == names
    varying = {"now"}  # it has the real time
    assert [name for name in names if fragments[name] not in page.source] in ([], [*varying])


def test_an_unknown_fragment_is_left_out(api: Api) -> None:
    reply = api("GET", "/dashboard/ws_demo", key=None, headers={FRAGMENTS: "nothing counts"})
    assert list(reply.json["fragments"]) == ["counts"]


@pytest.mark.parametrize("path", PAGES)
def test_each_topic_that_a_page_waits_for_exists(get_page: GetPage, path: str) -> None:
    from mock_sendpilot.changes import TOPICS

    live = [one for one in get_page(f"/ws_demo{path}").elements if "data-live" in one.attributes]
    topics = {topic for one in live for topic in one.attributes["data-on"].split()}
    assert live
    assert topics <= set(TOPICS)


# --- forms --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_each_form_makes_a_request_that_a_route_serves(
    get_page: GetPage, app: Flask, path: str
) -> None:
    routes = app.url_map.bind("localhost")
    for call in get_page(f"/ws_demo{path}").calls:
        method, _, target = call.partition(" ")
        endpoint, _ = routes.match(target, method=method)
        assert endpoint.startswith(("control.", "leads.", "campaigns.", "inbox.")), call


# --- text ---------------------------------------------------------------------------------------


def _world(text: str) -> bytes:
    """A world with a text wherever somebody may write one."""
    world = orjson.loads(orjson.dumps(WORLD))
    workspace = world["workspaces"][0]
    workspace["name"] = text
    workspace["clock"] = {"startsAt": "2025-06-01T09:00:00Z", "frozen": True}
    workspace["apiKeys"][0]["name"] = text
    workspace["senders"][0]["name"] = text
    workspace["campaigns"][0].update(name=text, description=text)
    workspace["conversations"] = [
        {
            "id": "2-a",
            "senderId": "snd_a",
            "linkedinUrl": "https://www.linkedin.com/in/ann",
            "name": text,
            "messages": [
                {"content": text, "direction": "sent", "sentAt": "2025-01-01T00:00:00.000Z"}
            ],
        }
    ]
    workspace["leads"][0].update(
        firstName=text,
        lastName=text,
        company=text,
        title=text,
        about=text,
        customFields={text: text},
        note=text,
    )
    return orjson.dumps(world)


def _structures(emulator_text: str) -> list[object]:
    from mock_sendpilot.app import create_app

    emulator = Emulator()
    emulator.load(parsed(_world(emulator_text)))
    api = in_process(create_app(emulator).test_client())
    body = {"status": "DONE", "note": emulator_text}
    assert api("PATCH", "/v1/leads/lead_a/status", key="key_a", json=body).status == 200
    step = {"action": "connection_sent", "text": emulator_text}
    api("POST", "/_emulate/leads/lead_a/simulate", key="key_a", json=step)
    from urllib.parse import quote

    search = quote(emulator_text)
    paths = (
        *("", f"/leads?q={search}", f"/leads?campaign={search}", "/leads/lead_a"),
        *("/campaigns", "/campaigns/camp_a", "/inbox", "/inbox/2-a"),
    )
    pages = [api("GET", f"/dashboard/ws_a{path}", key=None, headers=HTML) for path in paths]
    emulator.close()
    assert [page.status for page in pages] == [200] * len(paths)
    documents = [Document(page.body.decode()) for page in pages]
    text = " ".join(emulator_text.split())
    assert all(text in one.text for one in documents)
    return [one.structure for one in documents]


@pytest.fixture(scope="module")
def harmless() -> list[object]:
    return _structures("harmless")


@pytest.mark.parametrize("text", GROUPS)
def test_attempts_to_be_more_than_text_are_text(text: str, harmless: list[object]) -> None:
    assert _structures(text) == harmless


def test_pages_fill_no_log(get_page: GetPage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "mock_sendpilot.access")
    get_page("/ws_demo")
    assert caplog.messages == []


@pytest.mark.parametrize(
    "path", ["", *(f"/{place}" for place, _ in NAVIGATION if place), "/events", "/trigger"]
)
def test_every_part_of_a_page_can_be_drawn_alone(api: Api, get_page: GetPage, path: str) -> None:
    parts = [one.attributes.get("data-live") for one in get_page(f"/ws_demo{path}").elements]
    names = [name for name in parts if name]
    headers = {"X-Fragments": " ".join(names)}
    reply = api("GET", f"/dashboard/ws_demo{path}", key=None, headers=headers)
    assert list(reply.json["fragments"]) == names
