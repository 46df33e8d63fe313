"""The report as one HTML file that loads nothing: no script, and nothing from elsewhere."""

from collections.abc import Mapping, Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from mock_sendpilot.coverage.points import GROUPS
from mock_sendpilot.coverage.report import CoverageReport, Group, percent_text
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.version import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The counts of a subject by value; None where it has no such value."""

    name: str
    counts: Mapping[str, int | None]


def page(report: CoverageReport) -> str:
    """Return the page."""
    environment = Environment(
        loader=PackageLoader("mock_sendpilot.coverage", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = percent_text
    return environment.get_template("page.html").render(
        report=report, titles=GROUPS, columns=columns, rows=rows, version=__version__
    )


def columns(group: Group) -> Sequence[str]:
    """Return the columns of a group whose subjects have values in common; none for the others."""
    if group.name != "operations":
        return ()
    return sorted({point.value for point in group.points})


def rows(group: Group) -> list[Row]:
    """Return a row for each subject of a group."""
    common = columns(group)
    found = []
    for subject in group.subjects():
        own = {point.value: group.counts.get(point.id, 0) for point in subject.points}
        found.append(Row(name=subject.name, counts={**dict.fromkeys(common), **own}))
    return found
