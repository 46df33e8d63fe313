"""The eight HTTP clients that are intercepted, each behind the same four calls."""

import asyncio
import json as jsonlib
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar

import pytest

Headers = Mapping[str, str]


@dataclass(frozen=True)
class Response:
    """A response as the client sees it."""

    status: int
    url: str
    body: bytes

    @property
    def json(self) -> Any:
        return jsonlib.loads(self.body)


class Client:
    """An HTTP client with the connections that it keeps; `timed_out` is what it raises."""

    timed_out: ClassVar[tuple[type[Exception], ...]]
    broken: ClassVar[tuple[type[Exception], ...]]

    def send(
        self, method: str, url: str, headers: Headers, *, json: Any = None, timeout: float = 10
    ) -> Response:
        raise NotImplementedError

    def first_byte(self, url: str, headers: Headers) -> bytes:
        """Read one byte of the body and close the response."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class _Requests(Client):
    def __init__(self) -> None:
        import requests

        type(self).timed_out = (requests.Timeout,)
        type(self).broken = (requests.ConnectionError,)
        self._session = requests.Session()

    def send(
        self, method: str, url: str, headers: Headers, *, json: Any = None, timeout: float = 10
    ) -> Response:
        made = self._session.request(method, url, headers=dict(headers), json=json, timeout=timeout)
        return Response(made.status_code, made.url, made.content)

    def first_byte(self, url: str, headers: Headers) -> bytes:
        with self._session.get(url, headers=dict(headers), stream=True, timeout=10) as made:
            return next(iter(made.iter_content(1)))  # type: ignore[no-any-return]

    def close(self) -> None:
        self._session.close()


class _Urllib3(Client):
    def __init__(self) -> None:
        import urllib3

        type(self).timed_out = (urllib3.exceptions.ReadTimeoutError,)
        type(self).broken = (urllib3.exceptions.ProtocolError,)
        self._pool = urllib3.PoolManager(retries=False)

    def send(
        self, method: str, url: str, headers: Headers, *, json: Any = None, timeout: float = 10
    ) -> Response:
        made = self._pool.request(method, url, headers=headers, json=json, timeout=timeout)
        return Response(made.status, url, made.data)

    def first_byte(self, url: str, headers: Headers) -> bytes:
        made = self._pool.request("GET", url, headers=headers, preload_content=False, timeout=10)
        try:
            return made.read(1)
        finally:
            made.close()

    def close(self) -> None:
        self._pool.clear()


class _UrllibRequest(Client):
    """It keeps no connections."""

    timed_out = (TimeoutError,)
    broken = (ConnectionError,)

    def send(
        self, method: str, url: str, headers: Headers, *, json: Any = None, timeout: float = 10
    ) -> Response:
        data = None if json is None else jsonlib.dumps(json).encode()
        fields = {**headers, "Content-Type": "application/json"} if data else dict(headers)
        request = urllib.request.Request(url, data, fields, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as made:
                return Response(made.status, made.url, made.read())
        except urllib.error.HTTPError as error:
            with error:
                return Response(error.code, error.url, error.read())

    def first_byte(self, url: str, headers: Headers) -> bytes:
        request = urllib.request.Request(url, headers=dict(headers))
        with urllib.request.urlopen(request, timeout=10) as made:
            return made.read(1)  # type: ignore[no-any-return]

    def close(self) -> None:
        pass


class _Httpx(Client):
    def __init__(self, module: str) -> None:
        httpx: Any = import_module(module)
        type(self).timed_out = (httpx.TimeoutException,)
        type(self).broken = (httpx.NetworkError, httpx.RemoteProtocolError)
        self._client = httpx.Client()

    def send(
        self, method: str, url: str, headers: Headers, *, json: Any = None, timeout: float = 10
    ) -> Response:
        made = self._client.request(method, url, headers=headers, json=json, timeout=timeout)
        return Response(made.status_code, str(made.url), made.content)

    def first_byte(self, url: str, headers: Headers) -> bytes:
        with self._client.stream("GET", url, headers=headers) as made:
            return next(iter(made.iter_raw(1)))  # type: ignore[no-any-return]

    def close(self) -> None:
        self._client.close()


class _Async(Client):
    """A client in an event loop of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(work)

    def close(self) -> None:
        self.run(self._close())
        self.run(self._end())
        self._loop.close()

    async def _end(self) -> None:
        """End what a client has left: generators, and the tasks in which garbage is closed."""
        await self._loop.shutdown_asyncgens()
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
        await self._loop.shutdown_default_executor()

    async def _close(self) -> None:
        raise NotImplementedError


class _AsyncHttpx(_Async):
    def __init__(self, module: str) -> None:
        super().__init__()
        httpx: Any = import_module(module)
        type(self).timed_out = (httpx.TimeoutException,)
        type(self).broken = (httpx.NetworkError, httpx.RemoteProtocolError)
        self._client = httpx.AsyncClient()

    def send(
        self, method: str, url: str, headers: Headers, *, json: Any = None, timeout: float = 10
    ) -> Response:
        made = self.run(
            self._client.request(method, url, headers=headers, json=json, timeout=timeout)
        )
        return Response(made.status_code, str(made.url), made.content)

    def first_byte(self, url: str, headers: Headers) -> bytes:
        async def read() -> bytes:
            async with self._client.stream("GET", url, headers=headers) as made:
                async for chunk in made.aiter_raw(1):
                    return chunk  # type: ignore[no-any-return]
            return b""

        return self.run(read())  # type: ignore[no-any-return]

    async def _close(self) -> None:
        await self._client.aclose()


class _Aiohttp(_Async):
    def __init__(self) -> None:
        super().__init__()
        import aiohttp

        type(self).timed_out = (TimeoutError, asyncio.TimeoutError)
        type(self).broken = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError)

        async def make() -> aiohttp.ClientSession:
            return aiohttp.ClientSession()

        self._session = self.run(make())

    def send(
        self, method: str, url: str, headers: Headers, *, json: Any = None, timeout: float = 10
    ) -> Response:
        import aiohttp

        async def request() -> Response:
            total = aiohttp.ClientTimeout(total=timeout)
            async with self._session.request(
                method, url, headers=headers, json=json, timeout=total
            ) as made:
                return Response(made.status, str(made.url), await made.read())

        return self.run(request())  # type: ignore[no-any-return]

    def first_byte(self, url: str, headers: Headers) -> bytes:
        async def read() -> bytes:
            async with self._session.get(url, headers=headers) as made:
                return await made.content.read(1)  # type: ignore[no-any-return]

        return self.run(read())  # type: ignore[no-any-return]

    async def _close(self) -> None:
        await self._session.close()


def _needing(module: str, make: Callable[[], Client]) -> Any:
    skip = pytest.mark.skipif(find_spec(module) is None, reason=f"{module} needs a later Python")
    return pytest.param(make, marks=skip)


EIGHT_CLIENTS = {
    "requests": _needing("requests", _Requests),
    "httpx": _needing("httpx", lambda: _Httpx("httpx")),
    "httpx, async": _needing("httpx", lambda: _AsyncHttpx("httpx")),
    "httpx2": _needing("httpx2", lambda: _Httpx("httpx2")),
    "httpx2, async": _needing("httpx2", lambda: _AsyncHttpx("httpx2")),
    "aiohttp": _needing("aiohttp", _Aiohttp),
    "urllib3": _needing("urllib3", _Urllib3),
    "urllib.request": _needing("urllib", _UrllibRequest),
}
