"""Queries, and the vendor's styles of paging: by page, by token, by offset."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs

import orjson
from flask import request
from marshmallow import Schema, fields

from mock_sendpilot.domain.errors import InvalidInput

MOST_PAGES = 100  # SB only, applied under every contract
MOST_PER_PAGE = 100
_TOKEN_KEY = "continuation"  # noqa: S105 - as in the sample token of the vendor's page

Item = TypeVar("Item")


def load_query(schema: Schema) -> dict[str, Any]:
    """The query's parameters; one that is given twice is a list, which no field takes."""
    text = request.query_string.decode("utf-8", "replace")
    found = parse_qs(text, keep_blank_values=True)
    given = {key: values[0] if len(values) == 1 else values for key, values in found.items()}
    loaded: dict[str, Any] = schema.load(given)
    return loaded


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
        self.pagination = pagination(len(found), page, limit)


def page_of(items: Sequence[Item], page: int, limit: int) -> Sequence[Item]:
    """The items of a page, which counts from 1; beyond the last page there are none."""
    start = (page - 1) * limit
    return items[start : start + limit]


def pagination(total: int, page: int, limit: int) -> dict[str, Any]:
    """The vendor's `{total, page, limit, totalPages}`."""
    return {"total": total, "page": page, "limit": limit, "totalPages": -(-total // limit)}


@dataclass(frozen=True, slots=True)
class Continuation(Generic[Item]):
    """The items after a token, and the token of those after them, or None."""

    items: Sequence[Item]
    token: str | None


def continue_after(
    token: str | None, found: Sequence[Item], limit: int, name: Callable[[Item], str]
) -> Continuation[Item]:
    """The items that follow the one that the token names; without a token, the first.

    Naming an item keeps pages together when others come in before it.

    Raises:
        InvalidInput: the token is none of this list.
    """
    start = 0
    if token is not None:
        wanted = _named_by(token)
        names = [name(item) for item in found]
        if wanted not in names:
            raise InvalidInput(f"continuationToken must be one of this list; it was {token[:60]!r}")
        start = names.index(wanted) + 1
    items = found[start : start + limit]
    more = start + limit < len(found)
    return Continuation(items, _token(name(items[-1])) if more else None)


def _token(name: str) -> str:
    return base64.b64encode(orjson.dumps({_TOKEN_KEY: name})).decode()


def _named_by(token: str) -> object:
    try:
        content = orjson.loads(base64.b64decode(token, validate=True))
    except ValueError:
        return None
    return content.get(_TOKEN_KEY) if isinstance(content, dict) else None


def offset_page(found: Sequence[Item], *, limit: int, offset: int) -> dict[str, Any]:
    """The items from an offset on as `rows`, and the flat fields that the vendor puts beside."""
    return {
        "rows": found[offset : offset + limit],
        "total": len(found),
        "limit": limit,
        "offset": offset,
        "has_more": offset + limit < len(found),
    }
