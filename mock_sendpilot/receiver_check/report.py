"""The report on a receiver."""

from collections.abc import Mapping
from typing import Any, ClassVar

from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.verdicts.report import Report


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReceiverReport(Report):
    """The report on a receiver; `str(report)` is a table.

    Attributes:
        url: the URL of the receiver.
        schemes: the signature schemes it verifies.
    """

    command: ClassVar[str] = "check-receiver"

    url: str
    schemes: tuple[str, ...]

    @property
    def subject(self) -> str:
        """The URL of the receiver."""
        return self.url

    @property
    def facts(self) -> Mapping[str, Any]:
        """The receiver, the contract and the schemes, as JSON."""
        return {"url": self.url, "contract": self.contract, "schemes": list(self.schemes)}
