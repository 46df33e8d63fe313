"""Verification of one attempt: the text that was signed, and code that verifies it elsewhere.

The code of `snippets` is complete: it runs as it is, with the secret in the environment.
"""

from collections.abc import Iterable, Iterator, Mapping

import orjson

from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.webhooks.signing import verify

MAX_LITERAL_LENGTH = 3000
"""Of a body that a snippet has in itself; it reads a longer one from `body.json`."""
_TITLES: Mapping[str, str] = {
    "documented": "Webhook-Signature",
    "svix": "svix-signature",
    "standardwebhooks": "webhook-signature",
}
_PREFIXES: Mapping[str, str] = {"svix": "svix", "standardwebhooks": "webhook"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature of an attempt, as its receiver verifies it.

    Attributes:
        scheme: `documented`, `svix` or `standardwebhooks`.
        header: the name of its header.
        value: the value of its header.
        signed: the text that a receiver computes the signature of.
        is_valid: True if a secret of the endpoint makes this signature.
        python: a script that verifies it.
        node: a script that verifies it.
    """

    scheme: str
    header: str
    value: str
    signed: str
    is_valid: bool
    python: str
    node: str


def signatures(
    headers: Mapping[str, str], body: bytes, secrets: Iterable[str]
) -> Iterator[Signature]:
    """Yield the signatures in the headers of an attempt.

    Args:
        headers: the headers of the request.
        body: the bytes of the request.
        secrets: of the endpoint, also those that were rotated out.
    """
    by_name = {name.lower(): value for name, value in headers.items()}
    known = [secret for secret in secrets if secret]
    text = body.decode("utf-8", "replace")
    documented = by_name.get("webhook-signature", "")
    if documented.startswith("t="):  # Standard Webhooks has a header of the same name
        timestamp = documented.partition(",")[0].removeprefix("t=")
        yield _signature("documented", by_name, body, known, f"{timestamp}.{text}")
    for scheme, prefix in _PREFIXES.items():
        if f"{prefix}-id" in by_name:
            signed = f"{by_name[f'{prefix}-id']}.{by_name[f'{prefix}-timestamp']}.{text}"
            yield _signature(scheme, by_name, body, known, signed)


def _signature(
    scheme: str, headers: Mapping[str, str], body: bytes, secrets: list[str], signed: str
) -> Signature:
    prefix = _PREFIXES.get(scheme, "webhook")
    own_names = (f"{prefix}-id", f"{prefix}-timestamp", f"{prefix}-signature")
    own = {name: headers[name] for name in own_names if name in headers}
    python, node = snippets(scheme, own, body)
    return Signature(
        scheme=scheme,
        header=_TITLES[scheme],
        value=own[f"{prefix}-signature"],
        signed=signed,
        is_valid=any(verify(own, body, secret=secret) for secret in secrets),
        python=python,
        node=node,
    )


def snippets(scheme: str, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
    """Return scripts in Python and in Node that verify a request and print the outcome."""
    text = body.decode("utf-8", "replace")
    is_short = len(text) <= MAX_LITERAL_LENGTH
    literal = orjson.dumps(text).decode()
    python_body = f"{text!r}.encode()" if is_short else 'open("body.json", "rb").read()'
    node_body = literal if is_short else 'readFileSync("body.json")'
    node_import = "" if is_short else 'import { readFileSync } from "node:fs";\n'
    prefix = _PREFIXES.get(scheme)
    if prefix is None:
        value = orjson.dumps(headers["webhook-signature"]).decode()
        python, node = _PYTHON_DOCUMENTED, _NODE_DOCUMENTED
    else:
        value = orjson.dumps(headers, option=orjson.OPT_INDENT_2).decode()
        python = _PYTHON_SVIX.replace("svix-", f"{prefix}-")
        node = _NODE_SVIX.replace("svix-", f"{prefix}-")
    return (
        python.replace("BODY", python_body, 1).replace("VALUE", value, 1),
        node_import + node.replace("BODY", node_body, 1).replace("VALUE", value, 1),
    )


# BODY comes after VALUE in each: a body may have the word VALUE.

_PYTHON_DOCUMENTED = '''\
# WEBHOOK_SECRET=whsec_... python verify.py
import hashlib
import hmac
import os


def is_valid(signature: str, body: bytes, secret: str) -> bool:
    """Verify the header Webhook-Signature. Refuse an old `t`, too, where it matters."""
    fields = dict(field.split("=", 1) for field in signature.split(","))
    message = fields["t"].encode() + b"." + body
    expected = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, fields["s"])


signature = VALUE
body = BODY
print("valid" if is_valid(signature, body, os.environ["WEBHOOK_SECRET"]) else "invalid")
'''
_PYTHON_SVIX = '''\
# WEBHOOK_SECRET=whsec_... python verify.py
import base64
import hashlib
import hmac
import os


def is_valid(headers: dict[str, str], body: bytes, secret: str) -> bool:
    """Verify the signature. Refuse an old timestamp, too, where it matters."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    message = f"{headers['svix-id']}.{headers['svix-timestamp']}.".encode() + body
    digest = hmac.new(key, message, hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(digest).decode()
    given = headers["svix-signature"].split(" ")
    return any(hmac.compare_digest(expected, one) for one in given)


headers = VALUE
body = BODY
print("valid" if is_valid(headers, body, os.environ["WEBHOOK_SECRET"]) else "invalid")
'''
_NODE_DOCUMENTED = """\
// WEBHOOK_SECRET=whsec_... node verify.mjs
import { createHmac, timingSafeEqual } from "node:crypto";

// Verifies the header Webhook-Signature. Refuse an old `t`, too, where it matters.
function isValid(signature, body, secret) {
  const fields = Object.fromEntries(signature.split(",").map((field) => field.split("=")));
  const expected = createHmac("sha256", secret).update(`${fields.t}.`).update(body).digest();
  const given = Buffer.from(fields.s, "hex");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

const signature = VALUE;
const body = BODY;
console.log(isValid(signature, body, process.env.WEBHOOK_SECRET) ? "valid" : "invalid");
"""
_NODE_SVIX = """\
// WEBHOOK_SECRET=whsec_... node verify.mjs
import { createHmac, timingSafeEqual } from "node:crypto";

// Verifies the signature. Refuse an old timestamp, too, where it matters.
function isValid(headers, body, secret) {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const start = `${headers["svix-id"]}.${headers["svix-timestamp"]}.`;
  const expected = createHmac("sha256", key).update(start).update(body).digest();
  return headers["svix-signature"].split(" ").some((one) => {
    const given = Buffer.from(one.replace(/^v1,/, ""), "base64");
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

const headers = VALUE;
const body = BODY;
console.log(isValid(headers, body, process.env.WEBHOOK_SECRET) ? "valid" : "invalid");
"""
