"""Whatever is sent: the answer is JSON and never a 5xx."""

import json
from collections.abc import Iterator

import orjson
import pytest
from flask import Flask
from hypothesis import example, given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app

from mock_sendpilot.app import create_app
from mock_sendpilot.control.seed_loading import parse_seed
from mock_sendpilot.control.shipped_seeds import demo_text
from mock_sendpilot.emulator import Emulator
from tests.api.expect import STATUS
from tests.conftest import NOW
from tests.support import DEMO_KEY

# Repeatable, and without a file of examples: every run of the suite does the same.
BOUNDED = settings(max_examples=150, deadline=None, database=None, derandomize=True)
JSON_TYPE = "application/json"
DONE = b'{"status":"DONE"}'

# What stands in a request line or a header is bytes; WSGI hands them on as latin-1.
line_text = st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=40)
header_text = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40)
methods = st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE"])
paths = st.builds(
    str.__add__,
    st.sampled_from(["/", "/v1/", "/v1/leads", "/v1/leads/", "/api/v1/leads/", "/_emulate/", ""]),
    line_text | st.lists(st.sampled_from(["%", "2F", "/", "..", "%25", "status"])).map("".join),
)
queries = st.lists(
    st.builds(
        "{}={}".format,
        st.sampled_from(["page", "limit", "status", "full", "campaignId"]) | line_text,
        st.sampled_from(["1", "DONE", "true", ""]) | line_text,
    ),
    max_size=4,
).map("&".join)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
profile_urls = st.builds(
    str.__add__,
    st.sampled_from(["https://www.linkedin.com/in/", "linkedin.com/in/", "https://", "//[", ""]),
    st.text(max_size=20),
)
leads = st.fixed_dictionaries(
    {"linkedinUrl": profile_urls | json_values},
    optional={"firstName": json_values, "customFields": json_values, "x": json_values},
)


@pytest.fixture(scope="module")
def wsgi() -> Iterator[Flask]:
    emulator = Emulator(random_seed="tests")
    emulator.load(parse_seed(demo_text(), now=NOW))
    yield create_app(emulator)
    emulator.close()


def answers(
    wsgi: Flask, method: str, path: str, *, query: str = "", body: bytes = b"", **environ: str
) -> int:
    """Send it as a WSGI server does; insist on JSON and on no 5xx, and return the status."""
    builder = EnvironBuilder(method=method, data=body)
    sent = {
        **builder.get_environ(),
        "REQUEST_URI": f"{path}?{query}",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_X_API_KEY": DEMO_KEY,
        **environ,
    }
    builder.close()
    answer, status, headers = run_wsgi_app(wsgi, sent)
    content = b"".join(answer)
    code = int(status.split()[0])
    assert code < 500, content
    if code != 204:
        assert headers["Content-Type"] == "application/json; charset=utf-8"
        assert isinstance(orjson.loads(content), dict)
    return code


def as_json(value: object) -> bytes:
    return json.dumps(value).replace("Infinity", "1e999").encode()


@BOUNDED
@given(body=st.binary(max_size=200))
def test_any_bytes_as_a_body(wsgi: Flask, body: bytes) -> None:
    answers(wsgi, "PATCH", STATUS, body=body, CONTENT_TYPE=JSON_TYPE)


@BOUNDED
@given(value=json_values)
def test_any_json_as_a_body(wsgi: Flask, value: object) -> None:
    body = as_json(value)
    assert answers(wsgi, "PATCH", STATUS, body=body, CONTENT_TYPE=JSON_TYPE) == 400
    assert answers(wsgi, "POST", "/v1/leads", body=body, CONTENT_TYPE=JSON_TYPE) == 400
    assert answers(wsgi, "POST", "/_emulate/endpoints", body=body, CONTENT_TYPE=JSON_TYPE) == 400


@BOUNDED
@given(status=st.just("DONE") | json_values, note=json_values, other=json_values)
def test_any_values_of_the_status_and_the_note(
    wsgi: Flask, status: object, note: object, other: object
) -> None:
    body = as_json({"status": status, "note": note, "customLeadStatus": other})
    assert answers(wsgi, "PATCH", STATUS, body=body, CONTENT_TYPE=JSON_TYPE) in {200, 400}


@BOUNDED
@given(entries=st.lists(leads | json_values, max_size=4))
def test_any_entries_as_new_leads_which_can_be_read_afterwards(
    wsgi: Flask, entries: list[object]
) -> None:
    body = as_json({"campaignId": "camp_spring7", "leads": entries})
    assert answers(wsgi, "POST", "/v1/leads", body=body, CONTENT_TYPE=JSON_TYPE) in {201, 400}
    query = "campaignId=camp_spring7&full=true&limit=100"
    assert answers(wsgi, "GET", "/v1/leads", query=query) == 200


@BOUNDED
@given(content_type=header_text)
def test_any_content_type(wsgi: Flask, content_type: str) -> None:
    code = answers(wsgi, "PATCH", STATUS, body=DONE, CONTENT_TYPE=content_type)
    assert code in {200, 400}


@BOUNDED
@given(key=header_text, authorization=header_text)
def test_any_key(wsgi: Flask, key: str, authorization: str) -> None:
    code = answers(wsgi, "GET", "/v1/leads", HTTP_X_API_KEY=key, HTTP_AUTHORIZATION=authorization)
    assert code == 401


@BOUNDED
@given(method=methods, path=paths)
@example(method="GET", path="")
@example(method="GET", path="http://[bad/v1/leads")
@example(method="GET", path="//[")
def test_any_path(wsgi: Flask, method: str, path: str) -> None:
    answers(wsgi, method, path, body=DONE, CONTENT_TYPE=JSON_TYPE)


@BOUNDED
@given(query=line_text | queries)
def test_any_query(wsgi: Flask, query: str) -> None:
    assert answers(wsgi, "GET", "/v1/leads", query=query) in {200, 400}


@BOUNDED
@given(host=header_text)
@example(host="[bad")
@example(host="localhost:x")
def test_any_host(wsgi: Flask, host: str) -> None:
    assert answers(wsgi, "GET", "/v1/leads", HTTP_HOST=host) in {200, 400, 403}
    assert answers(wsgi, "GET", "/", HTTP_HOST=host) in {200, 400, 403}


@BOUNDED
@given(origin=header_text)
@example(origin="http://[bad")
def test_any_origin(wsgi: Flask, origin: str) -> None:
    assert answers(wsgi, "GET", "/v1/leads", HTTP_ORIGIN=origin) == 200
    assert answers(wsgi, "GET", "/_emulate/endpoints", HTTP_ORIGIN=origin) == 403


@BOUNDED
@given(length=header_text | st.integers().map(str))
def test_any_content_length(wsgi: Flask, length: str) -> None:
    code = answers(wsgi, "PATCH", STATUS, body=DONE, CONTENT_TYPE=JSON_TYPE, CONTENT_LENGTH=length)
    assert code in {200, 400, 413}
