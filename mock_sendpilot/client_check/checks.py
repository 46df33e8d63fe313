"""The checks, in order: each with its title, the reason it matters, and the fix; and their run."""

from collections.abc import Callable
from functools import partial

from mock_sendpilot.client_check import changes, failures, lists, writes
from mock_sendpilot.client_check.report import ClientReport
from mock_sendpilot.client_check.runs import Lab
from mock_sendpilot.client_check.sync import Limits, Sync
from mock_sendpilot.scheduling.clock import SystemClock
from mock_sendpilot.states.snapshots import WorkspaceState
from mock_sendpilot.traffic.effects import Effect
from mock_sendpilot.verdicts.check import Check
from mock_sendpilot.verdicts.findings import FAILED, INCONCLUSIVE, Finding
from mock_sendpilot.verdicts.report import Result

ClientCheck = Check[[Lab]]
"""It runs the sync of a client, and judges the requests and the end."""

_SHORT_FAILURE = "One lost response must not cost a whole sync, nor the data of one request."
_REPEAT = (
    "Repeat GET and PATCH a few times, with pauses that grow, before you end the sync with an "
    "error."
)
_TWICE = (
    "The vendor has no idempotency keys, and has answered 500 to messages that it had sent: "
    "repeating the POST sends a person the same message twice."
)
_LOOK = (
    "After a POST without a clear answer, look first whether it was done (list the conversation, "
    "the leads or the search), or leave it to a person."
)
_CHANGES = "The vendor adds fields and values without notice."

CHECKS: tuple[ClientCheck, ...] = (
    Check(
        "completes",
        "completes a sync when all is well",
        "What fails without a fault cannot be judged with one.",
        "Make the sync work against this world first; --fixtures gives it another one.",
        failures.completes,
    ),
    Check(
        "all_pages",
        "reads all pages of a list",
        "Leads and conversations beyond the page that is read are missing without an error.",
        "Read on until page is totalPages, or hasMore is false.",
        lists.reads_all_pages,
    ),
    Check(
        "no_page_beyond_end",
        "reads no page beyond the last",
        "The service has answered 500 to a page of conversations past the end, and a loop over "
        "pages that never ends uses up the rate limit.",
        "Stop at totalPages, or when hasMore is false, even if the page has a token.",
        lists.reads_no_further,
    ),
    Check(
        "continuation_token",
        "follows the continuationToken of the inbox",
        "The newest documents page conversations and messages by token alone, and items move "
        "while you count pages.",
        "Send the continuationToken of a page unchanged to get the next one.",
        lists.follows_token,
    ),
    Check(
        "retry_after",
        "waits as long as a 429 asks for",
        "Requests before that time are refused again, and count.",
        "Sleep for the seconds in Retry-After, for all requests, and then repeat the request.",
        failures.obeys_retry_after,
    ),
    Check(
        "rate_limit",
        "survives a 429 without Retry-After",
        "No document of the vendor promises the header.",
        "Read the header with a default, and repeat the request after a pause.",
        failures.survives_bare_rate_limit,
    ),
    Check(
        "short_outage",
        "survives two 503 in a row",
        _SHORT_FAILURE,
        _REPEAT,
        partial(failures.survives, effect=Effect(status=503), times=2),
    ),
    Check(
        "html_error",
        "survives an error page in HTML",
        "Proxies in front of the service answer HTML, which is no JSON.",
        "Look at the status before you parse the body. " + _REPEAT,
        partial(failures.survives, effect=Effect(status=502, content_type="text/html")),
    ),
    Check(
        "connection_reset",
        "survives a connection that is reset",
        _SHORT_FAILURE,
        "Treat a broken connection like a 503. " + _REPEAT,
        partial(failures.survives, effect=Effect(reset="before")),
    ),
    Check(
        "truncated_body",
        "survives a body that ends too early",
        _SHORT_FAILURE,
        "Treat a body that is incomplete or no JSON like a 503. " + _REPEAT,
        partial(failures.survives, effect=Effect(truncate=True)),
    ),
    Check(
        "gives_up",
        "gives up when the service stays down",
        "A sync that never ends blocks the next one, and many tries of many clients keep a "
        "service down.",
        "Limit the tries of a request (five are usual), and end the sync with an error.",
        failures.gives_up,
    ),
    Check(
        "backs_off",
        "pauses longer and longer between tries",
        "Tries at once, or always after the same time, hit a service that is just starting again.",
        "Double the pause with each try, and add some chance.",
        failures.backs_off,
    ),
    Check(
        "timeout",
        "does not wait forever for a response",
        "A response that never comes would stop the sync until somebody notices. Many HTTP "
        "clients have no timeout unless you set one.",
        "Set a timeout for connecting and for reading, such as timeout=10 in requests.",
        failures.has_timeout,
    ),
    Check(
        "lost_answer",
        "does not repeat a POST whose answer was lost",
        _TWICE,
        _LOOK,
        partial(writes.does_once, effect=Effect(reset="before", after_effect=True)),
    ),
    Check(
        "error_after_effect",
        "does not repeat a POST that was done and answered 500",
        _TWICE,
        _LOOK,
        partial(writes.does_once, effect=Effect(status=500, after_effect=True)),
    ),
    Check(
        "undone_post",
        "notices a POST that was not done",
        "A message that is taken for sent is never sent.",
        "Look whether it was done, and repeat it if not; or end with an error.",
        writes.leaves_nothing_undone,
    ),
    Check(
        "refused_request",
        "does not repeat a request that is answered 400",
        "It is refused again, and uses up the rate limit.",
        "Repeat only after 429, 5xx and broken connections.",
        failures.repeats_no_refused_request,
    ),
    Check(
        "unauthorized",
        "stops at 401",
        "A key that was revoked stays revoked, and many refused requests look like an attack.",
        "End the sync with an error at the first 401.",
        failures.stops_when_unauthorized,
    ),
    Check(
        "new_fields",
        "survives new fields",
        _CHANGES,
        "Ignore the fields that you do not know; do not validate against a closed schema.",
        changes.survives_new_fields,
    ),
    Check(
        "unknown_values",
        "survives unknown values of enumerations",
        _CHANGES,
        "Read a status that you do not know as a text, log it, and go on with the next item.",
        changes.survives_unknown_values,
    ),
    Check(
        "null_names",
        "survives leads without names",
        "Name, title and company of a lead may be null.",
        "Read these fields with a default.",
        changes.survives_null_names,
    ),
)


def run_checks(
    sync: Sync,
    state: WorkspaceState,
    *,
    limits: Limits | None = None,
    on_result: Callable[[Result], None] = lambda _: None,
) -> ClientReport:
    """Check a client.

    Args:
        sync: its sync.
        state: the world that each run begins with, which one API key opens.
        limits: the limits of the check.
        on_result: receives each result as soon as it is known.
    """
    lab = Lab(sync, state, limits or Limits())
    results: list[Result] = []
    for check in CHECKS:
        began = SystemClock.running_seconds()
        obstacle = _obstacle(results)
        finding = Finding(INCONCLUSIVE, obstacle) if obstacle else check.run(lab)
        seconds = SystemClock.running_seconds() - began
        result = check.result(finding, seconds=seconds, is_tried=obstacle is None)
        results.append(result)
        on_result(result)
    contract = state.world.contract.name
    return ClientReport(client=sync.name, contract=contract, results=tuple(results))


def _obstacle(results: list[Result]) -> str | None:
    """Return the reason to try no more checks, or None."""
    if results and results[0].outcome == FAILED:
        return "not tried, since no sync completed"
    return None
