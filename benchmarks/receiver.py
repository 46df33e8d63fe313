"""A receiver of events, run as a process: responds at once and notes when each arrived.

One thread on raw sockets. The response to a `POST`, an event, is 200 until `PUT /status/500` names
another status; `GET /count` tells how many came so far, and `GET /arrivals` when they came, and
forgets them.
"""

import json
import selectors
import socket
import time
from http import HTTPStatus

from benchmarks.wire import end_of_message

_BUFFER_BYTES = 65536


class Receiver:
    """Listens on a free port of 127.0.0.1."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._buffers: dict[socket.socket, bytes] = {}
        self._arrivals: list[float] = []
        self._status = 200
        self.origin = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        """Serve until the process is ended."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    self._accept()
                elif isinstance(key.fileobj, socket.socket):
                    self._read(key.fileobj)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffers[client] = b""
        self._selector.register(client, selectors.EVENT_READ)

    def _read(self, client: socket.socket) -> None:
        try:
            chunk = client.recv(_BUFFER_BYTES)
        except ConnectionError:
            chunk = b""
        if not chunk:
            self._selector.unregister(client)
            del self._buffers[client]
            client.close()
            return
        buffer = self._buffers[client] + chunk
        while end := end_of_message(buffer):
            client.sendall(self._answer(buffer[:end]))
            buffer = buffer[end:]
        self._buffers[client] = buffer

    def _answer(self, request: bytes) -> bytes:
        if request.startswith(b"POST"):
            self._arrivals.append(time.perf_counter())
            return _reply(self._status, b"")
        if request.startswith(b"GET /count"):
            return _reply(200, str(len(self._arrivals)).encode())
        if request.startswith(b"PUT /status/"):
            self._status = int(request.split(maxsplit=2)[1].removeprefix(b"/status/"))
            return _reply(200, b"")
        arrivals = json.dumps(self._arrivals).encode()
        self._arrivals.clear()
        return _reply(200, arrivals)


def _reply(status: int, body: bytes) -> bytes:
    phrase = HTTPStatus(status).phrase.encode()
    return b"HTTP/1.1 %d %b\r\nContent-Length: %d\r\n\r\n%b" % (status, phrase, len(body), body)


def main() -> None:
    """Serve until the process is ended."""
    receiver = Receiver()
    print(json.dumps({"origin": receiver.origin}), flush=True)
    receiver.serve()


if __name__ == "__main__":
    main()
