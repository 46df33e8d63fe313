"""The session of a server with a control token."""

from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest

from mock_sendpilot.app import create_app
from mock_sendpilot.control.guard import Guard
from mock_sendpilot.emulator import Emulator
from tests.dashboard.html import Document
from tests.support import Api, Reply, in_process

TOKEN = "a control token"
HTML = {"Accept": "text/html"}
LOGIN = "/dashboard/-/login"


@pytest.fixture
def api(emulator: Emulator) -> Api:
    """Requests without the cookies of the replies before."""
    guard = Guard(control_token=TOKEN)
    return in_process(create_app(emulator, guard=guard).test_client(use_cookies=False))


def get(api: Api, path: str, **headers: str) -> Reply:
    return api("GET", path, key=None, headers={**HTML, **headers})


def log_in(api: Api, token: str, next_path: str = "/dashboard/ws_demo/leads") -> Reply:
    form_token = Document(get(api, LOGIN).body.decode()).field("token")
    body = urlencode({"token": form_token, "control_token": token, "next": next_path}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", **HTML}
    return api("POST", LOGIN, key=None, body=body, headers=headers)


def test_a_page_leads_to_the_login_and_back(api: Api) -> None:
    reply = get(api, "/dashboard/ws_demo/leads?q=x")
    assert reply.status == 303
    assert reply.headers["location"] == f"{LOGIN}?next=%2Fdashboard%2Fws_demo%2Fleads%3Fq%3Dx"
    page = Document(get(api, reply.headers["location"]).body.decode())
    assert page.field("next") == "/dashboard/ws_demo/leads?q=x"


def test_the_token_is_asked_for_once(api: Api) -> None:
    reply = log_in(api, TOKEN)
    assert (reply.status, reply.headers["location"]) == (303, "/dashboard/ws_demo/leads")
    cookie = reply.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie
    (name, morsel), *_ = SimpleCookie(cookie).items()
    assert get(api, "/dashboard/ws_demo", Cookie=f"{name}={morsel.value}").status == 200


def test_a_wrong_token_is_refused(api: Api) -> None:
    reply = log_in(api, "guessed")
    assert reply.status == 403
    assert "set-cookie" not in reply.headers
    assert "That is not the control token" in reply.body.decode()


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        pytest.param("/dashboard/ws_demo", {"X-Fragments": "counts"}, id="a fragment"),
        pytest.param(
            "/dashboard/ws_demo/changes", {"Accept": "text/event-stream"}, id="the stream"
        ),
        pytest.param("/dashboard/ws_demo", {"Cookie": "mock_sendpilot_80=x"}, id="another cookie"),
    ],
)
def test_nothing_is_shown_without_the_session(api: Api, path: str, headers: dict[str, str]) -> None:
    assert get(api, path, **headers).status in {303, 401}


def test_a_request_of_a_button_has_the_control_token(api: Api) -> None:
    (name, morsel), *_ = SimpleCookie(log_in(api, TOKEN).headers["set-cookie"]).items()
    cookie = f"{name}={morsel.value}"
    page = Document(get(api, "/dashboard/ws_demo", Cookie=cookie).body.decode())
    fields = {"token": page.field("token"), "call": "POST /_emulate/reset"}
    reply = api(
        "POST",
        "/dashboard/ws_demo/call",
        key=None,
        body=urlencode(fields).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie},
    )
    assert reply.json["ok"]


def test_static_files_need_no_session(api: Api) -> None:
    page = Document(get(api, LOGIN).body.decode())
    assert get(api, page.all("link")[0].attributes["href"]).status == 200
