"""Request bodies: what is read as JSON, and what is refused in which words."""

import http.client
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from tests.api.expect import (
    DOCUMENTED_STATUSES,
    JSON,
    LEAD,
    STATUS,
    assert_error,
    assert_invalid,
    assert_refused,
)
from tests.support import DEMO_KEY, Api, Reply

pytestmark = pytest.mark.over_a_socket_too

DONE = b'{"status":"DONE"}'
MEGABYTE = 1_048_576
NOT_A_STATUS = f"status: expected one of {', '.join(DOCUMENTED_STATUSES)}, "


def padded(size: int) -> bytes:
    """A good body of that many bytes."""
    return b'{"status":"DONE","x":"' + b"x" * (size - 24) + b'"}'


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "Application/JSON",
        " application/json ; boundary=x",
    ],
)
def test_json_is_read_with_any_spelling_of_its_content_type(api: Api, content_type: str) -> None:
    reply = api("PATCH", STATUS, body=DONE, headers={"Content-Type": content_type})

    assert (reply.status, reply.json["status"]) == (200, "DONE")


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/merge-patch+json",
        "json",
    ],
)
def test_any_other_content_type_is_400_and_named_in_the_hint(api: Api, content_type: str) -> None:
    reply = api("PATCH", STATUS, body=DONE, headers={"Content-Type": content_type})

    found = content_type.partition(";")[0]
    assert_refused(
        reply,
        f"Content-Type: expected application/json, got {found!r}, "
        "and then the body counts as empty",
    )


@pytest.mark.parametrize("body", [None, b"", DONE], ids=["no body", "empty body", "good body"])
def test_a_missing_content_type_is_400(api: Api, body: bytes | None) -> None:
    reply = api("PATCH", STATUS, body=body)

    assert_refused(
        reply,
        "Content-Type: expected application/json, got none, and then the body counts as empty",
    )


@pytest.mark.parametrize("body", [None, b"", b" \r\n\t"], ids=["none", "empty", "blanks"])
def test_an_empty_body_is_400(api: Api, body: bytes | None) -> None:
    reply = api("PATCH", STATUS, body=body, headers=JSON)

    assert_refused(reply, "the body: expected a JSON object, got an empty one")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{", id="cut off"),
        pytest.param(b'{"status":"DONE"', id="cut off later"),
        pytest.param(b'{"status":"DONE"}}', id="too much"),
        pytest.param(b'{"status":"DONE"}{}', id="two objects"),
        pytest.param(b"{'status':'DONE'}", id="single quotes"),
        pytest.param(b'{"status":"DONE",}', id="trailing comma"),
        pytest.param(b"{status:1}", id="no quotes"),
        pytest.param(b"status=DONE", id="a form"),
        pytest.param(b'{"status":NaN}', id="NaN"),
        pytest.param(b'{"status":"\\ud800"}', id="half a surrogate pair"),
        pytest.param(b'{"status":"a\nb"}', id="raw line feed in a string"),
        pytest.param(b"\x00", id="NUL"),
        pytest.param(b"\xef\xbb\xbf" + DONE, id="byte order mark"),
    ],
)
def test_broken_json_is_400(api: Api, body: bytes) -> None:
    assert_invalid(api("PATCH", STATUS, body=body, headers=JSON), "the body: not valid JSON: ")


@pytest.mark.parametrize(
    ("body", "position"),
    [
        pytest.param(b"\xff\xfe{\x00", 0, id="UTF-16"),
        pytest.param(b'{"status":"D\xffNE"}', 12, id="a stray byte"),
        pytest.param('{"status":"ü"}'.encode("latin-1"), 11, id="latin-1"),
    ],
)
def test_broken_utf_8_is_400_and_the_hint_has_its_position(
    api: Api, body: bytes, position: int
) -> None:
    reply = api("PATCH", STATUS, body=body, headers=JSON)

    message = f"the body: expected UTF-8, got other bytes at {position}"
    assert_refused(reply, message)


def test_a_compressed_body_is_400_and_the_hint_names_the_encoding(api: Api) -> None:
    headers = {**JSON, "Content-Encoding": "gzip"}
    reply = api("PATCH", STATUS, body=b"\x1f\x8b\x08\x00", headers=headers)

    assert_invalid(reply, "expected UTF-8", "(Content-Encoding 'gzip' is not supported)")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"[]", "an array"),
        (b'[{"status":"DONE"}]', "an array"),
        (b'"DONE"', "a string"),
        (b"5", "a number"),
        (b"1.5", "a number"),
        (b"true", "a boolean"),
        (b"null", "null"),
    ],
)
def test_a_body_that_is_no_object_is_400(api: Api, body: bytes, kind: str) -> None:
    reply = api("PATCH", STATUS, body=body, headers=JSON)

    assert_refused(reply, f"the body: expected a JSON object, got {kind}")


# --- the status ---------------------------------------------------------------------------------


def test_a_missing_status_is_400(api: Api) -> None:
    assert_refused(api("PATCH", STATUS, json={}), f"{NOT_A_STATUS}got nothing")


@pytest.mark.parametrize(
    ("status", "quoted"),
    [
        pytest.param(None, "null", id="null"),
        pytest.param(5, "5", id="number"),
        pytest.param(True, "true", id="boolean"),
        pytest.param(["DONE"], '["DONE"]', id="list"),
        pytest.param({"value": "DONE"}, '{"value":"DONE"}', id="object"),
        pytest.param("", '""', id="empty"),
        pytest.param("WON", '"WON"', id="unknown"),
        pytest.param("done", '"done" (did you mean DONE?)', id="lower case"),
        pytest.param(" DONE ", '" DONE " (did you mean DONE?)', id="blanks around"),
        pytest.param(
            "not interested", '"not interested" (did you mean NOT_INTERESTED?)', id="words"
        ),
        pytest.param("OPORTUNITY", '"OPORTUNITY" (did you mean OPPORTUNITY?)', id="misspelt"),
        pytest.param("MEETING_BOOKED", '"MEETING_BOOKED"', id="of another contract"),
        pytest.param("x" * 500, '"' + "x" * 59 + "…", id="long"),
    ],
)
def test_any_other_status_is_400_and_quoted_in_the_hint(
    api: Api, status: object, quoted: str
) -> None:
    reply = api("PATCH", STATUS, json={"status": status})

    assert_refused(reply, f"{NOT_A_STATUS}got {quoted}")


def test_the_hint_has_every_problem(api: Api) -> None:
    reply = api("PATCH", STATUS, json={"status": "WON", "note": 5})

    message = f'{NOT_A_STATUS}got "WON"; note: expected a string, got 5'
    assert_refused(reply, message)


# --- size and depth -----------------------------------------------------------------------------


def assert_too_large(reply: Reply) -> None:
    assert_error(reply, 413, "request entity too large")


def test_a_body_of_exactly_1_mb_is_accepted(api: Api) -> None:
    body = padded(MEGABYTE)

    assert len(body) == MEGABYTE
    assert api("PATCH", STATUS, body=body, headers=JSON).status == 200


@pytest.mark.parametrize("size", [MEGABYTE + 1, 3 * MEGABYTE])
def test_a_larger_body_is_413_and_changes_nothing(api: Api, size: int) -> None:
    reply = api("PATCH", STATUS, body=padded(size), headers=JSON)

    assert_too_large(reply)
    hint = f"the body has {size} bytes; at most {MEGABYTE} are taken"
    assert reply.headers["x-emulator-hint"] == hint
    assert api("GET", LEAD).json["status"] == "REPLY_RECEIVED"


@pytest.mark.parametrize(("size", "status"), [(MEGABYTE, 200), (MEGABYTE + 1, 413)])
def test_a_chunked_body_is_limited_by_its_real_size(
    emulator: Emulator, size: int, status: int
) -> None:
    body = padded(size)
    headers = {**JSON, "X-API-Key": DEMO_KEY}
    with EmulatorServer(emulator) as server:
        connection = http.client.HTTPConnection(urlsplit(server.origin).netloc, timeout=10)
        chunks = (body[start : start + 65_536] for start in range(0, size, 65_536))
        connection.request("PATCH", STATUS, chunks, headers, encode_chunked=True)
        found = connection.getresponse().status
        connection.close()

    assert found == status


@pytest.mark.parametrize(("size", "status"), [(MEGABYTE, 200), (MEGABYTE + 1, 413)])
def test_a_body_without_content_length_is_limited_by_its_real_size(
    client: FlaskClient, size: int, status: int
) -> None:
    unannounced = {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}
    reply = client.patch(
        STATUS,
        data=padded(size),
        headers={**JSON, "X-API-Key": DEMO_KEY},
        environ_overrides=unannounced,
    )

    assert reply.status_code == status


SHAPES = [
    pytest.param(b"%s", id="the body"),
    pytest.param(b'{"status":%s}', id="the status"),
    pytest.param(b'{"status":"DONE","note":%s}', id="the note"),
]


@pytest.mark.parametrize("depth", [100, 300, 1000, 20_000])
@pytest.mark.parametrize("shape", SHAPES)
def test_deeply_nested_arrays_are_400(api: Api, shape: bytes, depth: int) -> None:
    reply = api("PATCH", STATUS, body=shape % (b"[" * depth + b"]" * depth), headers=JSON)

    assert_invalid(reply)


@pytest.mark.parametrize("depth", [100, 300, 1000, 20_000])
def test_deeply_nested_objects_are_400(api: Api, depth: int) -> None:
    nested = b'{"a":' * depth + b"1" + b"}" * depth
    reply = api("PATCH", STATUS, body=b'{"status":' + nested + b"}", headers=JSON)

    assert_invalid(reply)


@pytest.mark.parametrize("depth", [100, 300, 1000, 20_000])
def test_deep_nesting_in_an_unknown_field_causes_no_500(api: Api, depth: int) -> None:
    nested = b"[" * depth + b"]" * depth
    reply = api("PATCH", STATUS, body=b'{"status":"DONE","x":' + nested + b"}", headers=JSON)

    assert reply.status in {200, 400}
