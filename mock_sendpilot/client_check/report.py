"""The report on a client."""

from collections.abc import Mapping
from typing import Any, ClassVar

from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.verdicts.report import Report


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ClientReport(Report):
    """The report on a client; `str(report)` is a table.

    Attributes:
        client: the name of its sync: a command or a function.
    """

    command: ClassVar[str] = "check-client"

    client: str

    @property
    def subject(self) -> str:
        """The name of its sync."""
        return self.client

    @property
    def facts(self) -> Mapping[str, Any]:
        """The sync and the contract, as JSON."""
        return {"client": self.client, "contract": self.contract}
