"""The queries of control routes: an unknown parameter is refused by each of them."""

import re

import pytest

from mock_sendpilot.app import create_app
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.paths import CONTROL_PREFIX
from tests.control.expect import assert_invalid
from tests.support import Api


def control_routes() -> list[tuple[str, str]]:
    """The method and the path of each control route, with `x` for each id."""
    emulator = Emulator()
    rules = create_app(emulator).url_map.iter_rules()
    emulator.close()
    return sorted(
        (method, re.sub(r"<[^>]+>", "x", rule.rule))
        for rule in rules
        if rule.rule.startswith(CONTROL_PREFIX)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    )


@pytest.mark.parametrize(("method", "path"), control_routes())
def test_an_unknown_parameter_is_refused(api: Api, method: str, path: str) -> None:
    reply = api(method, f"{path}?nonsense=1")
    assert_invalid(reply, "unknown", "'nonsense'")


def test_a_route_without_parameters_says_so(api: Api) -> None:
    reply = api("GET", "/_emulate/faults?state=armed")
    assert_invalid(reply, "query: unknown parameter 'state'; this route takes none")


def test_an_unknown_parameter_changes_nothing(api: Api) -> None:
    api("POST", "/_emulate/faults", json={"effect": {"status": 503}})
    assert api("DELETE", "/_emulate/faults?all=true").status == 400
    assert len(api("GET", "/_emulate/faults").json["faults"]) == 1


def test_a_parameter_of_another_route_is_answered_with_the_known_ones(api: Api) -> None:
    assert_invalid(api("GET", "/_emulate/events?satus=1"), "unknown field 'satus'", "eventType")
