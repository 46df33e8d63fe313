"""Whatever is sent: the answer is JSON and never a 5xx."""

from collections.abc import Iterator

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app

from mock_sendpilot.app import create_app
from mock_sendpilot.control.seed_file import demo_text, parse_seed
from mock_sendpilot.emulator import Emulator
from tests.api.expect import STATUS
from tests.conftest import NOW
from tests.support import DEMO_KEY

# Repeatable, and without a file of examples: a run of the suite tells the same each time.
BOUNDED = settings(max_examples=150, deadline=None, database=None, derandomize=True)
METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
JSON_TYPE = "application/json"

# On the wire a header and a request line are bytes, which WSGI hands on as latin-1.
wire_text = st.text(st.characters(max_codepoint=255), max_size=40)
header_text = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=40
)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
urls = st.sampled_from(["https://www.linkedin.com/in/", "linkedin.com/in/", "//", ""])
entries = st.fixed_dictionaries(
    {"linkedinUrl": st.builds(str.__add__, urls, st.text(max_size=20)) | json_values},
    optional={"firstName": json_values, "customFields": json_values, "x": json_values},
)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    emulator = Emulator(id_seed="tests")
    emulator.load(parse_seed(demo_text(), now=NOW))
    yield emulator
    emulator.close()


def assert_answers(
    emulator: Emulator,
    method: str,
    path: str,
    *,
    query: str = "",
    body: bytes = b"",
    **headers: str,
) -> int:
    """Send it as a WSGI server would, and look at the answer; its status."""
    builder = EnvironBuilder(method=method, data=body)
    environ = builder.get_environ()
    builder.close()
    environ["REQUEST_URI"] = f"{path}?{query}"
    environ["PATH_INFO"] = path
    environ["QUERY_STRING"] = query
    environ["HTTP_X_API_KEY"] = DEMO_KEY
    environ.update(headers)
    answer, status, found = run_wsgi_app(create_app(emulator), environ)
    content = b"".join(answer)
    code = int(status.split()[0])
    assert code < 500, content
    assert found["Content-Type"] == "application/json; charset=utf-8"
    assert isinstance(orjson.loads(content), dict)
    return code


@BOUNDED
@given(body=st.binary(max_size=200))
def test_any_bytes_as_a_body(emulator: Emulator, body: bytes) -> None:
    assert_answers(emulator, "PATCH", STATUS, body=body, CONTENT_TYPE=JSON_TYPE)


@BOUNDED
@given(value=json_values)
def test_any_json_as_a_body(emulator: Emulator, value: object) -> None:
    body = orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
    assert_answers(emulator, "PATCH", STATUS, body=body, CONTENT_TYPE=JSON_TYPE)
    assert_answers(emulator, "POST", "/v1/leads", body=body, CONTENT_TYPE=JSON_TYPE)
    assert_answers(emulator, "POST", "/_emulate/endpoints", body=body, CONTENT_TYPE=JSON_TYPE)
