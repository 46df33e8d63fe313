"""Patterns of requests: matches, misses, and the nearest of several."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from mock_sendpilot.matching import ANY_REQUEST, RequestPattern


@dataclass(frozen=True)
class Request:
    method: str = "PATCH"
    path: str = "/v1/leads/lead_1/status"
    operation: str | None = "leads.updateStatus"
    query: Mapping[str, Any] = field(default_factory=lambda: {"page": "2", "tag": ["a", "b"]})
    headers: Mapping[str, str] = field(default_factory=lambda: {"User-Agent": "client/1"})
    json: Any = field(
        default_factory=lambda: {"status": "DONE", "n": 1, "list": [{"a": 1, "b": 2}, 3]}
    )

    def summary(self) -> str:
        return f"{self.method} {self.path}"


REQUEST = Request()


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(ANY_REQUEST, id="any"),
        pytest.param(RequestPattern(method="PATCH"), id="method"),
        pytest.param(RequestPattern(path="/v1/leads/lead_1/status"), id="path"),
        pytest.param(RequestPattern(path="/v1/leads/{id}/status"), id="placeholder"),
        pytest.param(RequestPattern(operation="leads.updateStatus"), id="operation"),
        pytest.param(RequestPattern(query={"page": 2}), id="query, a number"),
        pytest.param(RequestPattern(query={"tag": ["a", "b"]}), id="query, repeated"),
        pytest.param(RequestPattern(query={"cursor": None}), id="query, absent"),
        pytest.param(RequestPattern(headers={"user-agent": "client/1"}), id="header"),
        pytest.param(RequestPattern(headers={"X-Other": None}), id="header, absent"),
        pytest.param(RequestPattern(json={"status": "DONE"}), id="a member"),
        pytest.param(RequestPattern(json={"list": [{"a": 1}, 3]}), id="a part of an item"),
        pytest.param(RequestPattern(json={}), id="an object"),
    ],
)
def test_a_matching_request_has_no_misses(pattern: RequestPattern) -> None:
    assert pattern.misses(REQUEST) == []
    assert pattern.matches(REQUEST)


@pytest.mark.parametrize(
    ("pattern", "miss"),
    [
        pytest.param(
            RequestPattern(method="GET"), "method is 'PATCH', not 'GET'", id="another method"
        ),
        pytest.param(
            RequestPattern(path="/v1/leads/{id}"),
            "path is '/v1/leads/lead_1/status', not '/v1/leads/{id}'",
            id="a shorter path",
        ),
        pytest.param(
            RequestPattern(operation="leads.get"),
            "operation is 'leads.updateStatus', not 'leads.get'",
            id="another operation",
        ),
        pytest.param(RequestPattern(query={"page": 3}), "query.page is '2', not '3'", id="value"),
        pytest.param(
            RequestPattern(query={"limit": 3}),
            "query has no 'limit' (it has page, tag)",
            id="no parameter",
        ),
        pytest.param(
            RequestPattern(query={"page": None}), "query has 'page': '2'", id="one too many"
        ),
        pytest.param(
            RequestPattern(headers={"User-Agent": "x"}),
            "headers.user-agent is 'client/1', not 'x'",
            id="header",
        ),
        pytest.param(
            RequestPattern(json={"status": "NEW"}), "json.status is 'DONE', not 'NEW'", id="member"
        ),
        pytest.param(
            RequestPattern(json={"note": "x"}),
            "json has no key 'note' (it has status, n, list)",
            id="no member",
        ),
        pytest.param(RequestPattern(json={"n": True}), "json.n is 1, not True", id="true and 1"),
        pytest.param(
            RequestPattern(json={"list": [{"a": 2}, 3]}), "json.list[0].a is 1, not 2", id="item"
        ),
        pytest.param(
            RequestPattern(json={"list": [1]}), "json.list has 2 items, not 1", id="shorter list"
        ),
    ],
)
def test_a_miss_names_the_field_and_both_values(pattern: RequestPattern, miss: str) -> None:
    assert pattern.misses(REQUEST) == [miss]
    assert not pattern.matches(REQUEST)


def test_a_placeholder_stands_for_no_empty_segment() -> None:
    assert not RequestPattern(path="/v1/leads/{id}").matches(Request(path="/v1/leads/"))


def test_another_path_is_farther_than_another_body() -> None:
    pattern = RequestPattern(method="PATCH", path="/v1/leads/{id}/status", json={"a": 1, "b": 2})
    other_body, other_path = Request(json={}), Request(path="/v1/campaigns", json={"a": 1, "b": 2})
    assert pattern.near_misses([other_body, other_path]) == [other_body, other_path]


def test_the_latest_of_equally_near_requests_comes_first() -> None:
    older, newer = Request(path="/v1/a"), Request(path="/v1/b")
    assert RequestPattern(path="/v1/c").near_misses([older, newer]) == [newer, older]


def test_a_failure_has_the_nearest_miss_and_what_came() -> None:
    pattern = RequestPattern(method="PATCH", path="/v1/leads/{id}/status", json={"status": "NEW"})
    text = pattern.failure(
        [REQUEST, Request(path="/v1/x")], headline=f"no request {pattern}", notes=["a note"]
    )
    assert text.splitlines() == [
        "no request PATCH /v1/leads/{id}/status, json={'status': 'NEW'}",
        "  a note",
        "  nearest miss: PATCH /v1/leads/lead_1/status",
        "    json.status is 'DONE', not 'NEW'",
        "  came:",
        "    PATCH /v1/leads/lead_1/status",
        "    PATCH /v1/x",
    ]


def test_a_failure_says_that_nothing_came() -> None:
    assert RequestPattern().failure([], headline="no request").splitlines() == [
        "no request",
        "  no request came with the key of this workspace",
    ]
