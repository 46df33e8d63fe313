"""The API traffic of a sandbox: the requests of the app under test, and their faults."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import fields
from typing import Any, overload

from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.matching import ANY_REQUEST, RequestPattern, camel_case
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.suggestions import did_you_mean
from mock_sendpilot.testing.aio import refuse_in_event_loop
from mock_sendpilot.testing.arguments import Subject, check_count, check_seconds, id_of
from mock_sendpilot.testing.backends.protocol import Backend
from mock_sendpilot.testing.failures import RequestNotSeen, UnconsumedFault, without_key
from mock_sendpilot.testing.sandbox_options import SandboxOptions
from mock_sendpilot.traffic.effects import Effect, effect_from_json
from mock_sendpilot.traffic.faults import CHAOS_EFFECTS, DEFAULT_RATE, Fault
from mock_sendpilot.traffic.journal import MAX_ENTRIES, JournalEntry, RequestJournal
from mock_sendpilot.traffic.patterns import METHODS, request_pattern
from mock_sendpilot.traffic.trace import trace
from mock_sendpilot.traffic.trace_tree import Trace
from mock_sendpilot.webhooks.deliveries import Delivery
from mock_sendpilot.webhooks.event_log import SentWebhook

_INTERNAL_SERVER_ERROR = 500
_LATENCY = "latency"
_MAX_LISTED = 5
_logger = logging.getLogger(__name__)


class RecordedRequests(Sequence[JournalEntry]):
    """The requests with the key of a workspace, oldest first: the latest 2,000.

    A request is in it before its response is sent.

    Args:
        journal: the journal of the workspace.
        unknown: the journal of the requests without a known key.
        operations: returns the ids of all operations, for which all resources are imported.
    """

    def __init__(
        self,
        journal: RequestJournal,
        *,
        unknown: RequestJournal,
        operations: Callable[[], Collection[str]],
    ) -> None:
        self._journal = journal
        self._unknown = unknown
        self._operations = operations
        self._began_at = SystemClock().now()

    @overload
    def wait_for(
        self,
        target: str,
        path: str | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        json: Any = None,
        count: None = None,
        after: JournalEntry | str | None = None,
        timeout: float = 2.0,
    ) -> JournalEntry: ...
    @overload
    def wait_for(
        self,
        target: str,
        path: str | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        json: Any = None,
        count: int,
        after: JournalEntry | str | None = None,
        timeout: float = 2.0,
    ) -> list[JournalEntry]: ...
    def wait_for(
        self,
        target: str,
        path: str | None = None,
        *,
        count: int | None = None,
        after: JournalEntry | str | None = None,
        timeout: float = 2.0,
        **parts: Any,
    ) -> JournalEntry | list[JournalEntry]:
        """Return the first request that matches; wait for it if necessary.

        Earlier requests count as well, unless `after` names one.

        Args:
            target: a method, or the id of an operation such as `leads.updateStatus`.
            path: the path after a method, such as `/v1/leads/{id}/status`; `{id}` is any one
                segment.
            count: wait for so many, and return the first `count` as a list.
            after: a request, or its id; only later ones count.
            timeout: seconds of real time.
            parts: `query`, `headers` and `json`: what the request must have. Of an object in `json`
                these members, of a list each item. None for a parameter or header that must be
                absent.

        Raises:
            InvalidInput: an unknown method or operation, or a path that is not of the API.
            NotFound: there is no request `after`.
            RequestNotSeen: none came in time; it shows what came, and the nearest miss.
            EventLoopBlocked: called in a coroutine; await `sendpilot.aio` there.
        """
        __tracebackhide__ = True
        refuse_in_event_loop("sendpilot.aio.requests.wait_for")
        pattern = self.pattern(target, path, **parts)
        if count is not None:
            check_count("count", count, maximum=MAX_ENTRIES)
        check_seconds("timeout", timeout)
        # By the number and not the time: requests of one millisecond have an order, too.
        number = 0 if after is None else self._journal.get(id_of(after, "after")).number
        expected = 1 if count is None else count
        found = self._journal.wait_for(
            pattern, count=expected, after=number, timeout_seconds=timeout
        )
        if len(found) < expected:
            headline = f"no request {pattern} within {timeout:g} s"
            notes = [f"{len(found)} of {count} came"] if expected > 1 else []
            raise RequestNotSeen(self.failure(pattern, headline, notes))
        return found[0] if count is None else found

    def matching(
        self,
        target: str | None = None,
        path: str | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        json: Any = None,
    ) -> list[JournalEntry]:
        """Return all requests so far that match, oldest first, without waiting.

        Args:
            target: a method, or the id of an operation; None for any.
            path: the path; `{name}` is any one segment.
            query: parameters that the query must have; None for one that must be absent.
            headers: headers that the request must have; None for one that must be absent.
            json: what the body must contain.

        Raises:
            InvalidInput: an unknown method or operation, or a path that is not of the API.
        """
        __tracebackhide__ = True
        pattern = self.pattern(target, path, query=query, headers=headers, json=json)
        return [entry for entry in self._journal.all() if pattern.matches(entry)]

    def check_count(
        self, target: str | None, path: str | None, *, times: int | None, **parts: Any
    ) -> list[JournalEntry]:
        """Return the requests that match, if there are as many as expected; None is at least one.

        Raises:
            InvalidInput: as for `matching`.
            RequestNotSeen: there are fewer or more.
        """
        __tracebackhide__ = True
        pattern = self.pattern(target, path, **parts)
        entries = self._journal.all()
        found = [entry for entry in entries if pattern.matches(entry)]
        if times is None and not found:
            raise RequestNotSeen(self.failure(pattern, f"no request {pattern}"))
        if times is not None and len(found) != times:
            number = {0: "no request", 1: "1 request"}.get(times, f"{times} requests")
            headline = f"expected {number} {pattern}, got {len(found)}"
            if len(found) < times:
                raise RequestNotSeen(self.failure(pattern, headline))
            lines = [f"  {entry.id}: {entry.summary()}" for entry in found]
            raise RequestNotSeen("\n".join([headline, *lines]))
        return found

    def __len__(self) -> int:
        return len(self._journal.all())

    def __iter__(self) -> Iterator[JournalEntry]:
        return iter(self._journal.all())

    @overload
    def __getitem__(self, index: int) -> JournalEntry: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[JournalEntry]: ...
    def __getitem__(self, index: int | slice) -> JournalEntry | Sequence[JournalEntry]:
        return self._journal.all()[index]

    def __repr__(self) -> str:
        entries = self._journal.all()
        latest = ", ".join(f"{one.method} {one.path}" for one in entries[-_MAX_LISTED:]) or "none"
        more = "… " if len(entries) > _MAX_LISTED else ""
        return f"<RecordedRequests {len(entries)}: {more}{latest}>"

    def pattern(self, target: str | None, path: str | None, **parts: Any) -> RequestPattern:
        """Return the pattern of a method and a path, or of an operation."""
        __tracebackhide__ = True
        is_method = path is not None or (target or "").upper() in METHODS
        operations = self._operations()
        if not is_method and target is not None and target not in operations:
            expected = "the id of an operation, or a method and a path"
            if target.startswith("/"):
                raise InvalidInput(f"expected {expected}, got the path {target!r} alone")
        return request_pattern(
            operations,
            method=target if is_method else None,
            operation=None if is_method else target,
            path=path,
            **parts,
        )

    def failure(self, pattern: RequestPattern, headline: str, notes: Sequence[str] = ()) -> str:
        """Return the lines of a failed expectation."""
        notes = [*notes, *self.without_key()]
        return pattern.failure(self._journal.all(), headline=headline, notes=notes)

    def without_key(self) -> list[str]:
        """Return a line about requests without a known key: why most missing ones are missing."""
        return without_key([one for one in self._unknown if one.received_at >= self._began_at])


class SandboxTraffic:
    """The part of a sandbox that is about the requests of the app under test, and their faults."""

    random_seed: str
    requests: RecordedRequests
    _backend: Backend

    def assert_requested(
        self,
        target: str,
        path: str | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        json: Any = None,
        times: int | None = None,
    ) -> list[JournalEntry]:
        """Assert that requests came that match, and return them.

        Args:
            target: a method, or the id of an operation such as `leads.updateStatus`.
            path: the path after a method, such as `/v1/leads/{id}/status`.
            query: parameters that the query must have; None for one that must be absent.
            headers: headers that the request must have; None for one that must be absent.
            json: what the body must contain.
            times: exactly so many; by default at least one.

        Raises:
            InvalidInput: an unknown method or operation, or a path that is not of the API.
            RequestNotSeen: there are fewer or more; it shows the nearest miss.
        """
        __tracebackhide__ = True
        if times is not None:
            check_count("times", times, maximum=MAX_ENTRIES)
        return self.requests.check_count(
            target, path, query=query, headers=headers, json=json, times=times
        )

    def assert_not_requested(
        self,
        target: str,
        path: str | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        json: Any = None,
    ) -> None:
        """Assert that no request came that matches; the arguments are those of `assert_requested`.

        Raises:
            InvalidInput: an unknown method or operation, or a path that is not of the API.
            RequestNotSeen: some came; it lists them.
        """
        __tracebackhide__ = True
        self.requests.check_count(target, path, query=query, headers=headers, json=json, times=0)

    def trace(self, subject: Subject | JournalEntry | SentWebhook | Delivery | str) -> Trace:
        """Return what led to something, and what it led to: a tree, which `print` draws.

        Args:
            subject: a request, an event, a delivery, a lead, a campaign or a job, or the id of one;
                the id of an attempt, such as `dlv_a1:2`; or an `X-Request-Id`.

        Raises:
            NotFound: nothing has that id.
        """
        attribute = "event_id" if isinstance(subject, SentWebhook) else "id"
        view = self._backend.view()
        return trace(
            id_of(subject, "subject", attribute=attribute),
            view.workspace,
            view.outbox,
            self._backend.journal,
            unknown=self._backend.unknown_requests,
        )

    _optional_fault_ids: frozenset[str] = frozenset()
    """The ids of faults that are for all tests, of which some make no such request."""

    @property
    def faults(self) -> list[Fault]:
        """The faults of this workspace, oldest first, with the requests that they have hit."""
        return self._backend.view().faults.all()

    def fail_next(
        self,
        status: int = _INTERNAL_SERVER_ERROR,
        target: str | None = None,
        path: str | None = None,
        *,
        times: int | None = 1,
        **effect: Any,
    ) -> Fault:
        """Answer the next requests with an error, without doing what they ask for.

        Args:
            status: the status of the error.
            target: hit only this method, or the operation of this id.
            path: hit only this path, after a method.
            times: how many requests; None for all.
            effect: other parts of the effect, such as `retry_after=3`, `latency=0.5` or
                `after_effect=True`; docs/reference/fixtures.md lists them.

        Returns:
            The fault. A test fails at its end if the fault has hit fewer requests.

        Raises:
            InvalidInput: the effect or the target is not valid.
        """
        __tracebackhide__ = True
        pattern = self.requests.pattern(target, path)
        return self._backend.arm_fault(
            _effect({"status": status, **effect}), pattern=pattern, times=times, probability=1.0
        )

    def fault(
        self,
        target: str | None = None,
        path: str | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        json: Any = None,
        times: int | None = None,
        probability: float = 1.0,
        **effect: Any,
    ) -> AbstractContextManager[Fault]:
        """Let a fault hit the requests that match, within a `with` block.

        Args:
            target: a method, or the id of an operation; None for all requests.
            path: the path after a method.
            query: parameters that the query must have.
            headers: headers that the request must have.
            json: what the body must contain.
            times: how many requests; None for all.
            probability: the share of the requests that match.
            effect: such as `status=503`, `latency=2.0` or `reset=True`.

        Raises:
            InvalidInput: the effect or the target is not valid.
            UnconsumedFault: at the end of the block it has hit fewer requests than it was to hit,
                or none.
        """
        __tracebackhide__ = True
        pattern = self.requests.pattern(target, path, query=query, headers=headers, json=json)
        chosen = _effect(effect)
        return _FaultBlock(
            self._backend,
            lambda: self._backend.arm_fault(
                chosen, pattern=pattern, times=times, probability=probability
            ),
            self._unconsumed,
        )

    def api_chaos(self, rate: float = DEFAULT_RATE, *, random_seed: str | None = None) -> Fault:
        """Let a mix of faults, drawn from a seed, hit a share of all requests.

        The same seed and requests are hit alike. A client that retries what is safe to repeat
        survives all of it.

        Args:
            rate: the share, from 0 to 1.
            random_seed: by default the name of the test.

        Raises:
            InvalidInput: the rate is no share.
        """
        seed = self.random_seed if random_seed is None else random_seed
        chaos = self._backend.arm_fault(
            *CHAOS_EFFECTS, pattern=ANY_REQUEST, times=None, probability=rate, random_seed=seed
        )
        # pytest shows it with a failure, which can then be repeated with the same seed.
        _logger.warning("API chaos at rate %g, seed %r", rate, seed)
        return chaos

    def check_faults(self) -> None:
        """Require that every fault has hit as many requests as it was to hit.

        Raises:
            UnconsumedFault: some have not.
        """
        __tracebackhide__ = True
        if not self._backend.is_open:  # the test has closed it
            return
        failures = [
            str(self._unconsumed(fault))
            for fault in self._backend.view().faults.unconsumed()
            if fault.probability >= 1 and fault.id not in self._optional_fault_ids
        ]
        if failures:
            raise UnconsumedFault("\n".join(failures))

    def _arm_faults(self, options: SandboxOptions) -> None:
        """Arm the faults that a marker, a call or the ini file names."""
        defaults = {"pattern": ANY_REQUEST, "times": 1, "probability": 1.0}
        armed = [
            self._backend.arm_fault(
                *one["effects"], **{**defaults, **{k: v for k, v in one.items() if k != "effects"}}
            )
            for one in options.faults
        ]
        if not options.requires_faults:
            self._optional_fault_ids = frozenset(one.id for one in armed)

    def _unconsumed(self, fault: Fault) -> UnconsumedFault:
        count = "no request" if fault.times is None else f"{fault.match_count} of {fault.times}"
        headline = f"the fault {fault.summary()} hit {count}"
        matching = [one for one in self.requests if fault.pattern.matches(one)]
        earlier = [one for one in matching if one.at < fault.armed_at]
        others = [one for one in matching if one.fault not in {None, fault.id}]
        notes = [f"{one.summary()}: came before it was armed" for one in earlier[-1:]]
        notes += [f"{one.summary()}: was hit instead" for one in others[-1:]]
        return UnconsumedFault(self.requests.failure(fault.pattern, headline, notes))


class _FaultBlock(AbstractContextManager[Fault]):
    """A `with` block with a fault.

    Not a generator: the report of a failed test would show contextlib instead of the block.
    """

    def __init__(
        self,
        backend: Backend,
        arm: Callable[[], Fault],
        unconsumed: Callable[[Fault], UnconsumedFault],
    ) -> None:
        self._backend = backend
        self._arm = arm
        self._unconsumed = unconsumed

    def __enter__(self) -> Fault:
        __tracebackhide__ = True
        self._fault = self._arm()
        return self._fault

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        __tracebackhide__ = True
        faults = self._backend.view().faults  # those of another workspace after a reset
        # Faults are immutable: the one that was armed knows nothing of its matches.
        after = next((one for one in faults.all() if one.id == self._fault.id), None)
        if after is None:  # the block has reset the workspace
            return
        # Also after an exception, so that the fault hits nothing beyond its block.
        self._backend.remove_fault(after.id)
        # Chance may spare every request, so a probability below 1 requires nothing.
        if kind is None and after.match_count < (after.times or int(after.probability >= 1)):
            raise self._unconsumed(after)


def _effect(parts: Mapping[str, Any]) -> Effect:
    """Return the effect that keyword arguments describe."""
    __tracebackhide__ = True
    keys = {_LATENCY if one.name == "latency_seconds" else one.name: one for one in fields(Effect)}
    for name in parts:
        if name not in keys:
            guess = did_you_mean(name, keys)
            raise InvalidInput(f"unknown effect {name!r}; {guess}it is one of {', '.join(keys)}")
    json_keys = {camel_case(keys[name].name): name for name in parts}
    try:
        return effect_from_json({key: parts[name] for key, name in json_keys.items()})
    except InvalidInput as error:  # of an argument, under the name that it has in Python
        problems = list(error.problems)
        for key, name in json_keys.items():
            prefix = f"effect.{key}: "
            problems = [
                f"{name}: {one.removeprefix(prefix)}" if one.startswith(prefix) else one
                for one in problems
            ]
        raise InvalidInput(*problems) from None
