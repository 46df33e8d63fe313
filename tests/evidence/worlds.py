"""Sandboxes that are recorded, and the files of evidence that they leave."""

import json
import re
from pathlib import Path
from typing import Any

import requests

from mock_sendpilot import Sandbox

SECRET = "whsec_c2VuZHBpbG90LWVtdWxhdG9yLXNlY3JldC0zMmJ5dGU="


def call(sendpilot: Sandbox, method: str, path: str, **options: Any) -> requests.Response:
    url = f"{sendpilot.base_url}{path}"
    return requests.request(method, url, headers=sendpilot.headers, timeout=10, **options)


def close(sendpilot: Sandbox, lead_id: str, status: str = "DONE") -> requests.Response:
    return call(sendpilot, "PATCH", f"/leads/{lead_id}/status", json={"status": status})


def saved(sendpilot: Sandbox, folder: Path) -> str:
    """Return the page of a sandbox."""
    return sendpilot.save_evidence(folder / "evidence.html").read_text(encoding="utf-8")


def without_data(page: str) -> str:
    """Return what a browser shows of a page."""
    return re.sub(r"<style>.*?</style>|<script.*?</script>", "", page, flags=re.DOTALL)


def data(page: str) -> Any:
    """Return the document in a page."""
    found = re.search(r'id="sendpilot-evidence">(.*?)</script>', page, flags=re.DOTALL)
    assert found
    return json.loads(found[1])
