"""Queries, and the vendor's styles of paging: by page, by token, by offset."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs

import orjson
from flask import request
from marshmallow import Schema, fields

from mock_sendpilot.errors import InvalidInput, Problem

MOST_PAGES = 100  # SB only, applied under every contract
MOST_PER_PAGE = 100
_TOKEN_KEY = "continuation"  # as in the sample token of the vendor's page

Item = TypeVar("Item")


def load_query(schema: Schema) -> dict[str, Any]:
    """The query's parameters as a schema takes them."""
    loaded: dict[str, Any] = schema.load(query_parameters())
    return loaded


def query_parameters() -> dict[str, Any]:
    """The query's parameters; one that is given twice is a list, which no field takes."""
    text = request.query_string.decode("utf-8", "replace")
    found = parse_qs(text, keep_blank_values=True)
    return {key: values[0] if len(values) == 1 else values for key, values in found.items()}


class Pagination(Schema):
    """The vendor's `{total, page, limit, totalPages}`."""

    total = fields.Integer(required=True)
    page = fields.Integer(required=True)
    limit = fields.Integer(required=True)
    totalPages = fields.Integer(required=True)  # noqa: N815


class Page(Generic[Item]):
    """One page of a list; pages count from 1, and beyond the last one there are no items."""

    def __init__(self, found: Sequence[Item], page: int, limit: int) -> None:
        start = (page - 1) * limit
        self.items = found[start : start + limit]
        self.pagination = {
            "total": len(found),
            "page": page,
            "limit": limit,
            "totalPages": -(-len(found) // limit),
        }


@dataclass(frozen=True, slots=True)
class Continuation(Generic[Item]):
    """The items after a token, and the token of those after them, or None."""

    items: Sequence[Item]
    token: str | None


Position = tuple[int, str]
"""Where an item stands in its list: a number and, among equal ones, a text."""


def continue_after(
    token: str | None, found: Sequence[Item], limit: int, position: Callable[[Item], Position]
) -> Continuation[Item]:
    """The items after the position that the token tells; without a token, the first.

    A position stays what it was when other items come in or move to the front: no item comes twice.

    Raises:
        InvalidInput: the token tells none.
    """
    after = None if token is None else _position(token)
    rest = [item for item in found if after is None or position(item) > after]
    items = rest[:limit]
    return Continuation(items, _token(position(items[-1])) if len(rest) > limit else None)


def _token(position: Position) -> str:
    number, text = position
    return base64.b64encode(orjson.dumps({_TOKEN_KEY: f"{number}_{text}"})).decode()


def _position(token: str) -> Position:
    try:
        content = orjson.loads(base64.b64decode(token, validate=True))
        number, _, text = content[_TOKEN_KEY].partition("_")
        return int(number), text
    except (ValueError, TypeError, LookupError, AttributeError):
        expected = "continuationToken must be one that an earlier page has told"
        raise InvalidInput(Problem(expected, f"it was {token[:60]!r}")) from None


def offset_page(found: Sequence[Item], *, limit: int, offset: int) -> dict[str, Any]:
    """The items from an offset on as `rows`, and the flat fields that the vendor puts beside."""
    return {
        "rows": found[offset : offset + limit],
        "total": len(found),
        "limit": limit,
        "offset": offset,
        "has_more": offset + limit < len(found),
    }
