"""Clients that do everything right, each in another way."""

import asyncio
from typing import Any

import httpx
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

CutOff = requests.exceptions.ChunkedEncodingError
API_KEY = "sp_own"
TRIES = 4
PAUSE = 0.11
TIMEOUT = 0.4
RETRIED = (429, 500, 502, 503, 504)


class Adapter(HTTPAdapter):
    """An adapter with a timeout of its own, since a session has none."""

    def send(self, *arguments: Any, **options: Any) -> requests.Response:
        return super().send(*arguments, **{**options, "timeout": TIMEOUT})


def with_urllib3_retries(base_url: str, api_key: str) -> None:
    """Leave retries to urllib3, which repeats no POST; parse again what was cut off."""
    retry = Retry(
        total=TRIES,
        backoff_factor=0.2,
        status_forcelist=RETRIED,
        allowed_methods=("GET", "PATCH"),
    )
    session = requests.Session()
    session.headers["X-API-Key"] = api_key
    session.mount("http://", Adapter(max_retries=retry))
    with session:
        page, pages = 1, 1
        while page <= pages:
            query = {"campaignId": "camp_check", "page": page, "limit": 30}
            reply = read(session, f"{base_url}/leads", query)
            pages = reply["pagination"]["totalPages"]
            page += 1
        session.patch(f"{base_url}/leads/lead_ida/status", json={"status": "DONE"})
        lead = {"linkedinUrl": "https://www.linkedin.com/in/new", "firstName": "New"}
        body = {"campaignId": "camp_check", "leads": [lead]}
        session.post(f"{base_url}/leads", json=body).raise_for_status()


def read(session: requests.Session, url: str, query: dict[str, Any]) -> Any:
    for _ in range(2):
        try:
            reply = session.get(url, params=query)
            reply.raise_for_status()
            return reply.json()
        except CutOff:
            continue
    raise RuntimeError(f"no answer from {url}")


class Pages:
    """Lists of the API, read at the same time by two requests at most."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.limit = asyncio.Semaphore(2)

    async def get(self, path: str, **query: Any) -> Any:
        for number in range(TRIES):
            pause = PAUSE * 2**number
            try:
                async with self.limit:
                    reply = await self.client.get(path, params=query)
                if reply.status_code not in RETRIED:
                    reply.raise_for_status()
                    return reply.json()
                pause = float(reply.headers.get("Retry-After", pause))
            except (httpx.TransportError, ValueError):
                pass
            await asyncio.sleep(pause)
        raise RuntimeError(f"no answer from {path}")

    async def campaigns(self) -> None:
        page, pages = 1, 1
        while page <= pages:
            reply = await self.get("/campaigns", page=page)
            pages = reply["pagination"]["totalPages"]
            page += 1

    async def conversations(self) -> None:
        query: dict[str, Any] = {}
        while True:
            reply = await self.get("/inbox/conversations", **query)
            if not reply["pagination"]["hasMore"]:
                return
            query = {"continuationToken": reply["pagination"]["continuationToken"]}


async def concurrently(base_url: str, api_key: str) -> None:
    """Read campaigns and conversations at the same time; stop at the first that fails for good."""
    headers = {"X-API-Key": api_key}
    async with httpx.AsyncClient(base_url=base_url, headers=headers, timeout=TIMEOUT) as client:
        pages = Pages(client)
        tasks = [asyncio.create_task(one) for one in (pages.campaigns(), pages.conversations())]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()


def through_the_vendors_url() -> None:
    """Read one lead at the vendor's own URL."""
    url = "https://api.sendpilot.ai/v1/leads/lead_ida"
    for number in range(TRIES):
        try:
            reply = requests.get(url, headers={"X-API-Key": API_KEY}, timeout=TIMEOUT)
            if reply.status_code not in RETRIED:
                reply.raise_for_status()
                reply.json()
                return
            pause = float(reply.headers.get("Retry-After", PAUSE * 2**number))
        except (requests.ConnectionError, requests.Timeout, CutOff, ValueError):
            pause = PAUSE * 2**number
        asyncio.run(asyncio.sleep(pause))
    raise RuntimeError("no answer")
