"""The receivers of a soak: one thread that listens on a port for each and notes what arrives.

One thread, so that requests are noted in the order in which they came: with a thread for each
connection a later one could overtake.
"""

import asyncio
import itertools
import json
import random
import socket
import struct
import threading
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import cast

from benchmarks.soak.behavior import BEHAVIORS, FOLLOWED, KEEP, RESET, Behavior, Response
from benchmarks.wire import end_of_message

_NO_LINGERING = struct.pack("ii", 1, 0)  # to close is to reset
_START_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request that a receiver has read.

    Attributes:
        order: its number among all that any receiver has read.
        path: which endpoint it is for.
        event_id: by its body.
        status: that of the response; None if that is no valid one.
    """

    order: int
    path: str
    event_id: str
    status: int | None


class Receivers:
    """A receiver for each behavior, on ports of 127.0.0.1.

    Args:
        seed: of what they draw.

    Attributes:
        arrivals: what has come, by receiver.
        unread: how many connections each has reset before it read anything.
        problems: requests that should not have come.
    """

    def __init__(self, seed: int) -> None:
        self.arrivals: dict[str, list[Arrival]] = {name: [] for name in BEHAVIORS}
        self.unread: Counter[str] = Counter()
        self.problems: list[str] = []
        self._seed = seed
        self._ports: dict[str, int] = {}
        self._orders = itertools.count()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="receivers", daemon=True)
        self._has_started = threading.Event()

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()
        if not self._has_started.wait(_START_SECONDS):
            raise RuntimeError("the receivers did not start")

    def stop(self) -> None:
        """Stop, and let go of all connections."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_START_SECONDS)

    def url(self, name: str, path: str) -> str:
        """Return the URL of a path at the receiver of that behavior."""
        return f"http://127.0.0.1:{self._ports[name]}{path}"

    @property
    def count(self) -> int:
        """Return the number of requests received."""
        return sum(map(len, self.arrivals.values()))

    def note(self, name: str, request: bytes, status: int | None) -> None:
        """Add an arrival."""
        head, _, body = request.partition(b"\r\n\r\n")
        method, path, _ = head.partition(b"\r\n")[0].decode("latin-1").split(" ", 2)
        if method != "POST" or path == FOLLOWED:
            self.problems.append(f"receiver {name} was asked for {method} {path}")
            return
        event_id = str(json.loads(body)["eventId"])
        self.arrivals[name].append(Arrival(next(self._orders), path, event_id, status))

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        servers = self._loop.run_until_complete(self._listen())
        self._has_started.set()
        self._loop.run_forever()
        for server in servers:
            server.close()
        self._loop.close()

    async def _listen(self) -> list[asyncio.Server]:
        servers = []
        for name, behavior in BEHAVIORS.items():
            chance = random.Random(f"{self._seed}/{name}")
            made = partial(_Connection, self, name, behavior(chance))
            server = await self._loop.create_server(made, "127.0.0.1")
            self._ports[name] = server.sockets[0].getsockname()[1]
            servers.append(server)
        return servers


class _Connection(asyncio.Protocol):
    """One connection to a receiver."""

    def __init__(self, receivers: Receivers, name: str, behavior: Behavior) -> None:
        self._receivers = receivers
        self._name = name
        self._behavior = behavior
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self._behavior.resets_unread():
            self._receivers.unread[self._name] += 1
            self._end(RESET)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while end := end_of_message(self._buffer):
            request, self._buffer = self._buffer[:end], self._buffer[end:]
            response = self._behavior.draw()
            self._receivers.note(self._name, request, response.status)
            self._carry_out(response)

    def _carry_out(self, response: Response) -> None:
        loop = asyncio.get_running_loop()
        for seconds, part in response.parts:
            if seconds:
                loop.call_later(seconds, self._write, part)
            else:
                self._write(part)
        if response.end != KEEP:
            loop.call_later(response.ends_after, self._end, response.end)

    def _write(self, part: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(part)

    def _end(self, end: str) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if end == RESET:
            connected = self._transport.get_extra_info("socket")
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)
            self._transport.abort()
        else:
            self._transport.close()
