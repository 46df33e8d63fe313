"""`dataclass` as in the standard library, whose methods are made when a class is first used.

The standard decorator writes and compiles up to six methods, which takes 0.2 to 0.5 ms for a class
with slots. This package has some 200 such classes, and one run uses few of them: compiled at their
import, they were a third of what a start adds to the import of its libraries. So a class gets its
methods, all made by the standard decorator, with its first instance. Whoever asks for its fields or
its signature before that gets them, too.
"""

import dataclasses
import inspect
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, get_origin

__all__ = ["dataclass"]
_COMPLETING = ("__dataclass_fields__", "__dataclass_params__", "__match_args__", "__signature__")
"""Attributes of a class that complete it when somebody asks for them."""


def _lazy_dataclass(cls: type | None = None, /, **options: Any) -> Any:
    """Make a dataclass; the options are those of `dataclasses.dataclass`."""
    if cls is None:
        return partial(_lazy_dataclass, **options)
    if not options.get("slots"):  # without them the attributes of the class would have to change
        return dataclasses.dataclass(**options)(cls)
    namespace = {
        name: value for name, value in vars(cls).items() if name not in {"__dict__", "__weakref__"}
    }
    own_fields = [
        name for name, kind in inspect.get_annotations(cls).items() if not _is_class_variable(kind)
    ]
    inherited = {name for base in cls.__mro__[1:] for name in getattr(base, "__slots__", ())}
    attributes = {name: value for name, value in namespace.items() if name not in own_fields}
    attributes["__slots__"] = tuple(name for name in own_fields if name not in inherited)
    lazy: Any = type(cls)(cls.__name__, cls.__bases__, attributes)
    lazy.__qualname__ = cls.__qualname__
    complete = partial(_complete, lazy, namespace, {**options, "slots": False})

    def initialize(self: Any, *values: Any, **named_values: Any) -> None:
        complete()
        lazy.__init__(self, *values, **named_values)

    lazy.__init__ = initialize
    for name in _COMPLETING:
        setattr(lazy, name, _Completing(name, complete))
    if options.get("frozen"):
        lazy.__setattr__ = _refuse_assignment
        lazy.__delattr__ = _refuse_deletion
        lazy.__getstate__ = _state
        lazy.__setstate__ = _set_state
    return lazy


def _complete(lazy: Any, namespace: dict[str, Any], options: dict[str, Any]) -> None:
    """Give a class the methods of a dataclass with the same attributes.

    Two threads may do so at the same time, since both make the same methods.
    """
    twin = dataclasses.dataclass(**options)(
        type(lazy)(lazy.__name__, lazy.__bases__, dict(namespace))
    )
    ours = {"__dict__", "__weakref__", "__setattr__", "__delattr__", "__init__"}
    # With an `__eq__` alone, Python itself sets `__hash__` to None.
    written = namespace.keys() - ({"__hash__"} if namespace.get("__hash__") is None else set())
    for name, value in vars(twin).items():
        if name not in written and name not in ours:
            setattr(lazy, name, value)
    with suppress(AttributeError):
        del lazy.__signature__
    # Last, since nobody has an instance before.
    lazy.__init__ = twin.__init__


class _Completing:
    """An attribute of a class that exists once the class is complete."""

    def __init__(self, name: str, complete: Callable[[], None]) -> None:
        self._name = name
        self._complete = complete

    def __get__(self, instance: object, owner: type) -> Any:
        self._complete()
        return getattr(owner, self._name)


def _is_class_variable(annotation: Any) -> bool:
    if isinstance(annotation, str):
        return annotation.startswith(("ClassVar", "typing.ClassVar"))
    return annotation is ClassVar or get_origin(annotation) is ClassVar


def _refuse_assignment(_self: object, name: str, _value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deletion(_self: object, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = _lazy_dataclass
