"""The reasons not to open an address to others, which are known before a server listens."""

from collections.abc import Iterable

from mock_sendpilot.network import is_loopback

_PLACEHOLDER = "YOUR_"
"""Part of every key and token that is public: those of the vendor's page, of the shipped fixtures
and of the documents."""


def exposure_problems(
    host: str, *, api_keys: Iterable[str], has_control: bool, control_token: str | None
) -> list[str]:
    """Return the reasons not to listen on `host`, a sentence each; none for a loopback address."""
    if is_loopback(host):
        return []
    problems = []
    if any(map(is_public, api_keys)):
        problems.append(
            f"{host} can be reached from other machines, and the seed has an API key that "
            f"everybody knows, with {_PLACEHOLDER} in it: give the demo world one of your own "
            "(--api-key KEY), or load fixtures with such keys (--fixtures FILE)"
        )
    if has_control and not control_token:
        problems.append(
            f"{host} can be reached from other machines, and the control API is open: protect it "
            "(--control-token TOKEN) or leave it out (--no-control)"
        )
    elif has_control and is_public(control_token or ""):
        problems.append(
            f"{host} can be reached from other machines, and everybody knows the control token "
            f"{control_token}: choose one of your own (--control-token TOKEN)"
        )
    return problems


def is_public(secret: str) -> bool:
    """Return whether a key or token is known to everybody."""
    return _PLACEHOLDER in secret
