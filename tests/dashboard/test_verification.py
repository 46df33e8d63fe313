"""The scripts that verify a signature: they are run, as somebody who copies them does."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mock_sendpilot.dashboard.verification import MAX_LITERAL_LENGTH, signatures
from mock_sendpilot.webhooks.signing import sign
from tests.support import SECRET

OTHER_SECRET = "whsec_YW5vdGhlciBzZWNyZXQgb2YgMjQgYnl0ZXM="
SCHEMES = ("documented", "svix", "standardwebhooks")
LANGUAGES = ("python", "node")
BODIES = {
    "plain": b'{"eventId":"evt_1","data":{"leadId":"lead_1"}}',
    "quotes": b"""{"text":"it's \\"quoted\\" \\\\ \\n VALUE BODY ${x} `y`"}""",
    "other letters": '{"text":"Zoë – 見る 🎉 \u2028 </script>"}'.encode(),
    "long": b'{"text":"%b"}' % (b"x" * MAX_LITERAL_LENGTH),
}


def output(language: str, script: str, body: bytes, secret: str, folder: Path) -> str:
    if language == "node" and shutil.which("node") is None:
        pytest.skip("no node, so the script is not run: install Node 20")
    name = {"python": "verify.py", "node": "verify.mjs"}[language]
    (folder / name).write_text(script, encoding="utf-8")
    (folder / "body.json").write_bytes(body)
    program = sys.executable if language == "python" else "node"
    run = subprocess.run(
        [program, name],
        cwd=folder,
        env={"WEBHOOK_SECRET": secret, "PATH": "/usr/bin:/bin:/usr/local/bin"},
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert run.stderr == ""
    return run.stdout.strip()


def sent(scheme: str, body: bytes, *older: str) -> dict[str, str]:
    return sign(
        (scheme,),
        secret=SECRET,
        older_secrets=older,
        message_id="msg_1",
        timestamp=1_780_304_400,
        body=body,
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_the_script_accepts_what_was_signed(
    language: str, scheme: str, body: bytes, tmp_path: Path
) -> None:
    (found,) = signatures(sent(scheme, body), body, [SECRET])
    script = getattr(found, language)
    assert found.is_valid
    assert output(language, script, body, SECRET, tmp_path) == "valid"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_script_refuses_another_secret_and_another_body(
    language: str, scheme: str, tmp_path: Path
) -> None:
    headers = sent(scheme, BODIES["plain"])
    (found,) = signatures(headers, BODIES["plain"], [OTHER_SECRET])
    script = getattr(found, language)
    assert not found.is_valid
    assert output(language, script, b"", OTHER_SECRET, tmp_path) == "invalid"
    (altered,) = signatures(headers, BODIES["quotes"], [SECRET])
    assert not altered.is_valid
    script = getattr(altered, language)
    assert output(language, script, b"", SECRET, tmp_path) == "invalid"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scheme", ["svix", "standardwebhooks"])
@pytest.mark.parametrize("secret", [SECRET, OTHER_SECRET], ids=["new", "old"])
def test_the_script_accepts_either_secret_after_a_rotation(
    language: str, scheme: str, secret: str, tmp_path: Path
) -> None:
    headers = sent(scheme, BODIES["plain"], OTHER_SECRET)
    (found,) = signatures(headers, BODIES["plain"], [secret])
    script = getattr(found, language)
    assert output(language, script, b"", secret, tmp_path) == "valid"


@pytest.mark.parametrize(
    ("scheme", "signed"),
    [
        ("documented", "1780304400.{body}"),
        ("svix", "msg_1.1780304400.{body}"),
        ("standardwebhooks", "msg_1.1780304400.{body}"),
    ],
)
def test_the_text_that_is_signed_is_shown(scheme: str, signed: str) -> None:
    body = BODIES["plain"]
    (found,) = signatures(sent(scheme, body), body, [SECRET])
    assert found.signed == signed.format(body=body.decode())


def test_a_request_without_a_signature_has_none() -> None:
    assert list(signatures({"Content-Type": "application/json"}, b"{}", [SECRET])) == []
