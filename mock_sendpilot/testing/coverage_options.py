"""The options of pytest for the coverage of the integration."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

COV, HTML, JSON = "--sendpilot-cov", "--sendpilot-cov-html", "--sendpilot-cov-json"
FAIL_UNDER = "--sendpilot-cov-fail-under"
OMIT_SETTING = "sendpilot_cov_omit"
COVERAGE_PLUGIN = "sendpilot-cov"
"""The name of the plugin that counts, if a run has it."""
_FILES: Mapping[str, str] = {HTML: "a page that opens offline", JSON: "JSON"}


def add_coverage_options(parser: "pytest.Parser") -> None:
    """Register the options of the command line and of the ini file."""
    group = parser.getgroup("sendpilot")
    group.addoption(
        COV,
        action="store_true",
        help="print which statuses, events, retries, disruptions and contract options of the API "
        "the tests have never met",
    )
    for option, description in _FILES.items():
        group.addoption(option, metavar="FILE", help=f"write the same as {description}")
    group.addoption(
        FAIL_UNDER,
        metavar="PERCENT",
        type=float,
        help="fail if the tests have met less than this share of the API, such as 40",
    )
    parser.addini(
        OMIT_SETTING,
        "what does not count for --sendpilot-cov, such as operations/campaigns.*, a pattern in "
        "each line",
        type="linelist",
        default=[],
    )


def is_coverage_wanted(config: "pytest.Config") -> bool:
    """Return whether the run asks for the coverage of the integration."""
    options = (COV, HTML, JSON, FAIL_UNDER)
    return any(config.getoption(one) not in {None, False} for one in options)
