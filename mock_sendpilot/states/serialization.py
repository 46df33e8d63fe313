"""States of workspaces as JSON, written and read by the types of their fields.

Everything is exact: times have microseconds, and bytes are base64. A state is meant for this
program alone; the seed format is the one for people.
"""

import base64
import dataclasses
import typing
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from functools import cache, partial, singledispatch
from types import GenericAlias, NoneType, UnionType
from typing import Any, Literal, TypeVar

import orjson

from mock_sendpilot.contracts.contract import Contract, named_contract
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.json_text import parse_json, short_repr
from mock_sendpilot.matching import camel_case
from mock_sendpilot.states.checks import check_state
from mock_sendpilot.states.snapshots import WorkspaceState
from mock_sendpilot.version import __version__
from mock_sendpilot.world.events import Change

FORMAT = 1
_MICROSECOND = timedelta(microseconds=1)
Variables = Mapping[Any, Any]
"""The types that type variables stand for."""
_CHANGES: Mapping[str, type] = {one.__name__: one for one in typing.get_args(Change)}


def dump_states(states: list[WorkspaceState]) -> bytes:
    """Return the states as JSON text."""
    return orjson.dumps({"format": FORMAT, "workspaces": [_dump(state) for state in states]})


def load_states(text: bytes) -> list[WorkspaceState]:
    """Return the states of a JSON text.

    Raises:
        InvalidInput: it is not a state, or of a newer format; it says where, and what was
            expected.
    """
    try:
        document = parse_json(text)
    except InvalidInput as error:
        raise InvalidInput(f"$: {error}") from error
    return read_states(document)


def read_states(document: object) -> list[WorkspaceState]:
    """Return the states of a parsed JSON document.

    Raises:
        InvalidInput: as for `load_states`.
    """
    if not isinstance(document, Mapping) or "format" not in document:
        raise InvalidInput('$: expected a state such as {"format": 1, "workspaces": […]}')
    found = document["format"]
    if isinstance(found, int) and found > FORMAT:
        raise InvalidInput(
            f"$.format: the state has format {found}, of a newer version of mock_sendpilot; "
            f"version {__version__} reads format {FORMAT}: upgrade, or begin with a new state"
        )
    if found != FORMAT:
        raise InvalidInput(f"$.format: expected {FORMAT}, got {short_repr(found)}")
    states: list[WorkspaceState] = _load(
        list[WorkspaceState], document.get("workspaces"), "$.workspaces", {}
    )
    for index, state in enumerate(states):
        check_state(state, f"$.workspaces[{index}]")
    return states


# --- writing ------------------------------------------------------------------------------------


@singledispatch
def _dump(value: Any) -> Any:
    """Return what stands in JSON for a value: here for an object with fields."""
    kind: Any = type(value)
    fields = {key: _dump(getattr(value, name)) for key, name, _ in _fields(kind)}
    return {"type": kind.__name__, **fields} if kind.__name__ in _CHANGES else fields


@_dump.register(str)
@_dump.register(int)
@_dump.register(float)
@_dump.register(NoneType)
def _dump_plain(value: Any) -> Any:
    return value


@_dump.register
def _dump_contract(value: Contract) -> str:
    return value.name  # which implies every option that was set


# A datetime is a date, too: singledispatch takes the nearest class, whatever the order here.
@_dump.register
def _dump_datetime(value: datetime) -> str:
    # With +00:00 instead of Z, which `fromisoformat` of Python 3.10 does not read.
    return value.astimezone(timezone.utc).isoformat(timespec="microseconds")


@_dump.register
def _dump_date(value: date) -> str:
    return value.isoformat()


@_dump.register
def _dump_timedelta(value: timedelta) -> int:
    return value // _MICROSECOND


@_dump.register
def _dump_bytes(value: bytes) -> str:
    return base64.b64encode(value).decode()


@_dump.register(Mapping)
def _dump_mapping(value: Mapping[Any, Any]) -> Any:
    # Keys of an object are texts: a mapping with others is an array of pairs.
    if all(isinstance(key, str) for key in value):
        return {key: _dump(item) for key, item in value.items()}
    return [[_dump(key), _dump(item)] for key, item in value.items()]


@_dump.register(frozenset)
def _dump_set(value: frozenset[str]) -> list[str]:
    return sorted(value)


@_dump.register(tuple)
@_dump.register(list)
def _dump_items(value: Any) -> list[Any]:
    return [_dump(item) for item in value]


@cache
def _fields(kind: Any) -> tuple[tuple[str, str, Any], ...]:
    """Return the key, the name and the type of each field of a dataclass."""
    hints = typing.get_type_hints(kind)
    return tuple(
        (camel_case(field.name), field.name, hints[field.name])
        for field in dataclasses.fields(kind)
        if field.init
    )


# --- reading ------------------------------------------------------------------------------------


def _read_contract(name: str) -> Contract:
    name, *options = name.split("+")
    return named_contract(name, [option.partition("=")[::2] for option in options])


_READERS: Mapping[type, tuple[tuple[type, ...], Callable[[Any], Any]]] = {
    str: ((str,), str),
    int: ((int,), int),
    bool: ((bool,), bool),
    float: ((int, float), lambda number: number),  # 2 stays 2, as it was written
    bytes: ((str,), partial(base64.b64decode, validate=True)),
    datetime: ((str,), lambda text: datetime.fromisoformat(text).astimezone(timezone.utc)),
    date: ((str,), date.fromisoformat),
    timedelta: ((int,), lambda count: count * _MICROSECOND),
    Contract: ((str,), _read_contract),
}
"""For each type that is one value in JSON: the types of that value, and how to read it."""


def _load(hint: Any, value: Any, path: str, variables: Variables) -> Any:
    """Return the value of a type that JSON stands for."""
    if isinstance(hint, TypeVar):
        hint = variables[hint]
    if hint is Any:
        return value
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in _LOADERS:
        return _LOADERS[origin](hint, value, path, variables)
    if hint in _READERS:
        return _load_plain(hint, value, path)
    kind = origin or hint
    parameters = getattr(kind, "__parameters__", ())
    return _load_object(kind, value, path, dict(zip(parameters, arguments, strict=True)))


def _load_literal(hint: Any, value: Any, path: str, _variables: Variables) -> Any:
    words = typing.get_args(hint)
    if value not in words:
        raise _unexpected(path, f"one of {', '.join(words)}", value)
    return value


def _load_union(hint: Any, value: Any, path: str, variables: Variables) -> Any:
    choices = typing.get_args(hint)
    if value is None and NoneType in choices:
        return None
    others = [choice for choice in choices if choice is not NoneType]
    # Plain types are tried one after the other. Of objects the changes alone are in a union, which
    # have their type with them.
    if not all(map(dataclasses.is_dataclass, others)):
        for other in others[:-1]:
            with suppress(InvalidInput):
                return _load(other, value, path, variables)
        return _load(others[-1], value, path, variables)
    if len(others) == 1:
        return _load(others[0], value, path, variables)
    name = value.get("type") if isinstance(value, Mapping) else None
    if not isinstance(name, str) or name not in _CHANGES:
        raise _unexpected(path, f"an object with a type of {', '.join(_CHANGES)}", value)
    fields = {key: item for key, item in value.items() if key != "type"}
    return _load_object(_CHANGES[name], fields, path, {})


def _load_items(hint: Any, value: Any, path: str, variables: Variables) -> Any:
    if not isinstance(value, list):
        raise _unexpected(path, "an array", value)
    origin, hints = typing.get_origin(hint), typing.get_args(hint)
    if origin is not tuple or hints[-1] is Ellipsis:
        hints = (hints[0],) * len(value)
    if len(value) != len(hints):
        raise _unexpected(path, f"an array of {len(hints)}", value)
    return origin(
        _load(one, item, f"{path}[{index}]", variables)
        for index, (one, item) in enumerate(zip(hints, value, strict=True))
    )


def _load_mapping(hint: Any, value: Any, path: str, variables: Variables) -> Any:
    key_hint, item_hint = typing.get_args(hint)
    if key_hint is not str:
        pair = GenericAlias(tuple, (key_hint, item_hint))
        pairs = _load_items(GenericAlias(list, pair), value or [], path, variables)
        return dict(pairs)
    if not isinstance(value, dict):
        raise _unexpected(path, "an object", value)
    return {key: _load(item_hint, item, f"{path}.{key}", variables) for key, item in value.items()}


def _load_object(kind: Any, value: Any, path: str, variables: Variables) -> Any:
    if not isinstance(value, Mapping):
        raise _unexpected(path, "an object", value)
    fields = _fields(kind)
    # No defaults and nothing ignored: half a state would fail later, and nobody would know why.
    missing = [key for key, _, _ in fields if key not in value]
    unknown = value.keys() - {key for key, _, _ in fields}
    if missing or unknown:
        found = f"{missing[0]!r} is missing" if missing else f"unknown field {min(unknown)!r}"
        raise InvalidInput(f"{path}: {found}; the state is damaged, or of another version")
    return kind(
        **{name: _load(hint, value[key], f"{path}.{key}", variables) for key, name, hint in fields}
    )


def _load_plain(kind: Any, value: Any, path: str) -> Any:
    accepted, read = _READERS[kind]
    try:
        if type(value) in accepted:  # not isinstance, to which True is an int
            return read(value)
    except (ValueError, OverflowError, InvalidInput) as error:
        raise _unexpected(path, f"a {kind.__name__}", value) from error
    raise _unexpected(path, f"a {kind.__name__}", value)


_Loader = Callable[[Any, Any, str, Variables], Any]
_LOADERS: Mapping[Any, _Loader] = {
    UnionType: _load_union,
    typing.Union: _load_union,
    Literal: _load_literal,
    tuple: _load_items,
    list: _load_items,
    frozenset: _load_items,
    Mapping: _load_mapping,
    dict: _load_mapping,
}


def _unexpected(path: str, expected: str, value: object) -> InvalidInput:
    return InvalidInput(f"{path}: expected {expected}, got {short_repr(value)}")
