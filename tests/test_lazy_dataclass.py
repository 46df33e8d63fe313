"""A lazy dataclass is a dataclass of the standard library, whose methods are made when needed."""

import copy
import dataclasses
import inspect
import pickle
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any, ClassVar, Generic, TypeVar

import pytest

import mock_sendpilot
from mock_sendpilot.lazy_dataclass import dataclass as lazy_dataclass

T = TypeVar("T")
FROZEN: Mapping[str, Any] = {"frozen": True, "slots": True}
Decorate = Callable[..., Any]
both = pytest.mark.parametrize("decorate", [lazy_dataclass, dataclasses.dataclass])


def make(decorate: Decorate, **options: Any) -> Any:
    """Return a class with fields of every kind."""

    @decorate(**options)
    class Thing:
        """A thing."""

        limit: ClassVar[int] = 3
        name: str
        secret: str = dataclasses.field(repr=False)
        size: int = 0
        noted: int = dataclasses.field(default=1, compare=False)
        tags: list[str] = dataclasses.field(default_factory=list, hash=False)

        @property
        def label(self) -> str:
            return f"{self.name}/{self.size}/{self.limit}"

    return Thing


def facts(kind: Any, *, has_order: bool) -> list[object]:
    """Return what can be found out about a class and its instances."""
    one = kind(name="a", secret="x", tags=["t"])
    other = dataclasses.replace(one, size=2)
    same = kind(name="a", secret="x", tags=["t"], noted=9)
    return [
        inspect.signature(kind),
        [(field.name, field.repr, field.compare) for field in dataclasses.fields(kind)],
        (kind.__doc__, kind.__match_args__, getattr(kind, "__slots__", None), kind.limit),
        (kind.__name__, kind.__qualname__, kind.__module__),
        (repr(one), repr(other), one.label),
        (one == same, one == other, one == ("a",), one < other if has_order else None),
        kind.__hash__ is None or hash(one) == hash(same) != hash(other),
        (dataclasses.asdict(other), dataclasses.astuple(other)),
        (copy.copy(one) == one, copy.deepcopy(other) == other, dataclasses.is_dataclass(kind)),
        hasattr(one, "__dict__"),
    ]


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"frozen": True, "slots": True}, id="frozen"),
        pytest.param({"frozen": True, "slots": True, "kw_only": True}, id="keywords"),
        pytest.param({"slots": True}, id="changeable"),
        pytest.param({"slots": True, "order": True}, id="ordered"),
        pytest.param({"frozen": True, "slots": True, "repr": False, "eq": False}, id="plain"),
        pytest.param({"frozen": True}, id="without slots"),
    ],
)
def test_a_lazy_dataclass_is_like_one_of_the_standard_library(options: dict[str, Any]) -> None:
    if options.get("eq", True) is False:
        lazy, standard = make(lazy_dataclass, **options), make(dataclasses.dataclass, **options)
        assert inspect.signature(lazy) == inspect.signature(standard)
        assert lazy("a", "x") != lazy("a", "x")
        return
    has_order = options.get("order", False)
    assert facts(make(lazy_dataclass, **options), has_order=has_order) == facts(
        make(dataclasses.dataclass, **options), has_order=has_order
    )


@pytest.mark.parametrize(
    "question",
    [
        pytest.param(dataclasses.fields, id="fields"),
        pytest.param(inspect.signature, id="signature"),
        pytest.param(lambda kind: kind.__match_args__, id="patterns"),
        pytest.param(dataclasses.is_dataclass, id="is_dataclass"),
    ],
)
def test_a_class_can_be_asked_before_it_has_an_instance(question: Callable[[Any], object]) -> None:
    answer = question(make(lazy_dataclass, **FROZEN))
    assert str(answer) == str(question(make(dataclasses.dataclass, **FROZEN)))


@both
def test_a_frozen_instance_cannot_be_changed(decorate: Decorate) -> None:
    thing = make(decorate, **FROZEN)("a", "x")
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'size'"):
        thing.size = 1
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'size'"):
        del thing.size


@both
def test_wrong_arguments_are_a_type_error_also_of_the_first_instance(decorate: Decorate) -> None:
    kind = make(decorate, **FROZEN)
    with pytest.raises(TypeError, match=r"__init__\(\) missing 1 required positional"):
        kind("a")
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        kind("a", "x", colour="red")


@both
def test_a_subclass_has_the_fields_of_its_base_first(decorate: Decorate) -> None:
    base = make(decorate, frozen=True, slots=True, kw_only=True)

    @decorate(frozen=True, slots=True, kw_only=True)
    class Special(base):  # type: ignore[misc, valid-type]
        """A special thing."""

        size: int = 5
        extra: str = ""

    special = Special(name="a", secret="x", extra="e")
    assert [field.name for field in dataclasses.fields(Special)] == [
        *("name", "secret", "size", "noted", "tags", "extra")
    ]
    assert (special.label, special.extra) == ("a/5/3", "e")
    assert special != base(name="a", secret="x", size=5)


@both
def test_a_subclass_without_the_decorator_takes_the_arguments_of_its_base(
    decorate: Decorate,
) -> None:
    base = make(decorate, **FROZEN)

    class Named(base):  # type: ignore[misc, valid-type]
        """A thing with a method more."""

    assert Named("a", "x", size=2).size == 2
    assert base("a", "x").size == 0


@both
def test_a_frozen_class_with_an_equality_of_its_own_has_a_hash(decorate: Decorate) -> None:
    def is_same(one: Any, other: Any) -> bool:
        return bool(one.text.lower() == other.text.lower())

    plain = type("Name", (), {"__annotations__": {"text": str}, "__eq__": is_same})
    kind: Any = decorate(**FROZEN)(plain)
    assert kind("a") == kind("A")
    assert hash(kind("a")) == hash(kind("a"))


@both
def test_a_generic_class_can_be_one(decorate: Decorate) -> None:
    class Page(Generic[T]):
        """A page."""

        items: tuple[T, ...]

    made = decorate(frozen=True, slots=True)(Page)((1, 2))
    assert (made.items, repr(made).endswith("Page(items=(1, 2))")) == ((1, 2), True)


@both
def test_a_pattern_takes_an_instance_apart(decorate: Decorate) -> None:
    kind = make(decorate, **FROZEN)
    match kind("a", "x", 7):
        case kind(name, _, size):
            assert (name, size) == ("a", 7)
        case _:
            pytest.fail("expected a match")


def test_threads_that_make_the_first_instances_get_equal_ones() -> None:
    for _ in range(20):
        kind = make(lazy_dataclass, **FROZEN)
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda number, kind=kind: kind("a", "x", number % 2), range(16)))
        assert len(set(map(repr, made))) == 2
        assert len(set(map(hash, made))) == 2


def test_an_instance_is_pickled_for_a_process_that_has_none_yet() -> None:
    from mock_sendpilot.world.models import ApiKey

    pickled = pickle.dumps(ApiKey(key="k"))
    code = (
        "import pickle, sys; one = pickle.load(sys.stdin.buffer); "
        "print(one == type(one)(key='k'), hash(one) == hash(type(one)(key='k')))"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, check=True, input=pickled, capture_output=True)
    assert result.stdout.split() == [b"True", b"True"]


def test_every_dataclass_of_the_package_can_be_completed() -> None:
    names = [one.name for one in pkgutil.walk_packages(mock_sendpilot.__path__, "mock_sendpilot.")]
    modules = [import_module(name) for name in names if not name.endswith("__main__")]
    kinds = {
        kind
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and dataclasses.is_dataclass(kind)
    }
    assert len(kinds) > 150
    for kind in kinds:
        assert str(inspect.signature(kind)).startswith("(")
        assert not hasattr(kind, "__signature__")
