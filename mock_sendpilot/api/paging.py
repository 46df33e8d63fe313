"""The vendor's three styles of paging: by page, by token, by offset."""

import base64
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import orjson
from marshmallow import fields

from mock_sendpilot.api.fields import CamelCaseSchema
from mock_sendpilot.errors import InvalidInput, Problem
from mock_sendpilot.lazy_dataclass import dataclass

MAX_PAGES = 100  # the newest specification alone has it; it holds under every contract
MAX_PER_PAGE = 100
_TOKEN_KEY = "continuation"  # as in the sample token of the vendor's page

Item = TypeVar("Item")
Position = tuple[int, str]
"""The place of an item in its list: a number and, among equal ones, a text."""


class Pagination(CamelCaseSchema):
    """The vendor's `{total, page, limit, totalPages}`."""

    total = fields.Integer(required=True)
    page = fields.Integer(required=True)
    limit = fields.Integer(required=True)
    total_pages = fields.Integer(required=True)


class Page(Generic[Item]):
    """One page of a list; pages count from 1, and beyond the last one there are no items.

    Args:
        items: the items of all pages.
        page: the number of the page.
        limit: the number of items on a page.
        total: the number of items on all pages; `items` are then those of this page alone.
    """

    def __init__(
        self, items: Sequence[Item], page: int, limit: int, *, total: int | None = None
    ) -> None:
        if total is None:
            start, total = (page - 1) * limit, len(items)
            items = items[start : start + limit]
        self.items = items
        self.pagination = {
            "total": total,
            "page": page,
            "limit": limit,
            "total_pages": -(-total // limit),  # rounded up
        }


@dataclass(frozen=True, slots=True)
class Continuation(Generic[Item]):
    """The items after a token, and the token of those after them, or None."""

    items: Sequence[Item]
    token: str | None


def continue_after(
    token: str | None, items: Sequence[Item], limit: int, position: Callable[[Item], Position]
) -> Continuation[Item]:
    """Return the items after the position in the token; without a token, the first.

    A position stays what it was when other items are added or move to the front: no item is
    returned twice.

    Raises:
        InvalidInput: the token holds no position.
    """
    after = None if token is None else _position(token)
    rest = [item for item in items if after is None or position(item) > after]
    if len(rest) <= limit:
        return Continuation(rest, None)
    number, text = position(rest[limit - 1])
    content = orjson.dumps({_TOKEN_KEY: f"{number}_{text}"})
    return Continuation(rest[:limit], base64.b64encode(content).decode())


def _position(token: str) -> Position:
    try:
        content = orjson.loads(base64.b64decode(token, validate=True))
        number, _, text = content[_TOKEN_KEY].partition("_")
        return int(number), text
    except (ValueError, TypeError, LookupError, AttributeError):
        problem = Problem.expected(
            "one that an earlier page returned", got=repr(token[:60]), of="continuationToken"
        )
        raise InvalidInput(problem) from None


def offset_page(items: Sequence[Item], *, limit: int, offset: int) -> dict[str, Any]:
    """Return the items from an offset on as `rows`, with the vendor's flat paging fields."""
    return {
        "rows": items[offset : offset + limit],
        "total": len(items),
        "limit": limit,
        "offset": offset,
        "has_more": offset + limit < len(items),
    }
