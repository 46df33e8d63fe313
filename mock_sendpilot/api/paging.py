"""Queries, and the vendor's page-style paging: `page` and `limit` in, `pagination` out."""

from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qs

from flask import request
from marshmallow import Schema

Item = TypeVar("Item")


def load_query(schema: Schema) -> dict[str, Any]:
    """The query's parameters; one that is given twice is a list, which no field takes."""
    text = request.query_string.decode("utf-8", "replace")
    found = parse_qs(text, keep_blank_values=True)
    given = {key: values[0] if len(values) == 1 else values for key, values in found.items()}
    loaded: dict[str, Any] = schema.load(given)
    return loaded


def page_of(items: Sequence[Item], page: int, limit: int) -> Sequence[Item]:
    """The items of a page, which counts from 1; beyond the last page there are none."""
    start = (page - 1) * limit
    return items[start : start + limit]


def pagination(total: int, page: int, limit: int) -> dict[str, Any]:
    """The vendor's `{total, page, limit, totalPages}`."""
    return {"total": total, "page": page, "limit": limit, "totalPages": -(-total // limit)}
