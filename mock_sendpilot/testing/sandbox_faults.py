"""Faults of the requests that an app makes to a sandbox."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.matching import camel_case
from mock_sendpilot.suggestions import did_you_mean
from mock_sendpilot.testing.current_workspace import CurrentWorkspace
from mock_sendpilot.testing.failures import UnconsumedFault
from mock_sendpilot.testing.recorded_requests import RecordedRequests
from mock_sendpilot.traffic.effects import Effect, effect_from_json
from mock_sendpilot.traffic.faults import DEFAULT_RATE, Fault, Faults

_INTERNAL_SERVER_ERROR = 500
_LATENCY = "latency"
_logger = logging.getLogger(__name__)


class SandboxFaults:
    """The faults of a sandbox's workspace."""

    random_seed: str
    requests: RecordedRequests
    _current: CurrentWorkspace
    _emulator: Emulator

    @property
    def _faults(self) -> Faults:
        return self._emulator.faults(self._current.workspace)

    @property
    def faults(self) -> list[Fault]:
        """The faults of this workspace, oldest first, with the requests that they have hit."""
        return self._faults.all()

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
        return self._faults.arm(_effect({"status": status, **effect}), pattern=pattern, times=times)

    @contextmanager
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
    ) -> Iterator[Fault]:
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
        armed = self._faults.arm(
            _effect(effect), pattern=pattern, times=times, probability=probability
        )
        try:
            yield armed
            after = self._faults.get(armed.id)
        finally:
            self._faults.remove(armed.id)
        if after.match_count < (times or int(probability >= 1)):
            raise self._unconsumed(after)

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
        chaos = self._faults.arm_chaos(seed, rate=rate)
        _logger.warning("API chaos at rate %g, seed %r", rate, seed)
        return chaos

    def check_faults(self) -> None:
        """Require that every fault has hit as many requests as it was to hit.

        Raises:
            UnconsumedFault: one has not.
        """
        if self._current.workspace not in self._emulator.workspaces():  # the test has closed it
            return
        for fault in self._faults.unconsumed():
            if fault.probability >= 1:
                raise self._unconsumed(fault)

    def _unconsumed(self, fault: Fault) -> UnconsumedFault:
        expected = "any" if fault.times is None else str(fault.times)
        headline = (
            f"fault {fault.id} ({fault.summary()}) was to hit {expected} and has hit "
            f"{fault.match_count}"
        )
        return UnconsumedFault(self.requests.failure(fault.pattern, headline))


def _effect(parts: Mapping[str, Any]) -> Effect:
    """Return the effect that keyword arguments describe."""
    keys = {_LATENCY if one.name == "latency_seconds" else one.name: one for one in fields(Effect)}
    for name in parts:
        if name not in keys:
            guess = did_you_mean(name, keys)
            raise InvalidInput(f"unknown effect {name!r}; {guess}it is one of {', '.join(keys)}")
    return effect_from_json({camel_case(keys[name].name): one for name, one in parts.items()})
