"""Queries, and the vendor's page-style paging: `page` and `limit` in, `pagination` out."""

from collections.abc import Sequence
from typing import Any, TypeVar

from flask import request
from marshmallow import Schema

Item = TypeVar("Item")


def load_query(schema: Schema) -> dict[str, Any]:
    """The query's parameters; one that is given twice is a list, which no field takes."""
    given = {key: found[0] if len(found) == 1 else found for key, found in request.args.lists()}
    loaded: dict[str, Any] = schema.load(given)
    return loaded


def page_of(items: Sequence[Item], page: int, limit: int) -> Sequence[Item]:
    """The items of a page, which counts from 1; beyond the last page there are none."""
    start = (page - 1) * limit
    return items[start : start + limit]


def pagination(total: int, page: int, limit: int) -> dict[str, Any]:
    """The vendor's `{total, page, limit, totalPages}`."""
    return {"total": total, "page": page, "limit": limit, "totalPages": -(-total // limit)}
