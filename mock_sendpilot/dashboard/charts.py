"""A chart of what happened over time: bars, one row for each kind, drawn as SVG by a template."""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from mock_sendpilot.lazy_dataclass import dataclass

BAR_COUNT = 48
_BUCKETS_SECONDS = (1, 5, 15, 60, 300, 900, 3600, 10_800, 43_200, 86_400, 604_800)
_ROW_HEIGHT = 30.0
_BAR_WIDTH = 10.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: its place, and how many things of its span of time it stands for."""

    x: float
    y: float
    height: float
    count: int
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """The bars of one kind. The highest one stands for `highest`."""

    name: str
    bars: Sequence[Bar]
    total: int
    highest: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Rows of bars over the same time."""

    rows: Sequence[Row]
    starts_at: datetime
    ends_at: datetime
    bucket: timedelta
    width: float = BAR_COUNT * _BAR_WIDTH
    row_height: float = _ROW_HEIGHT
    bar_width: float = _BAR_WIDTH - 2

    @property
    def is_of_one_day(self) -> bool:
        """True if it begins and ends on the same day."""
        return self.starts_at.date() == self.ends_at.date()


def chart(series: Iterable[tuple[str, Iterable[datetime]]], *, now: datetime) -> Chart:
    """Return the chart of times by kind, up to now: as much of them as 48 bars can show."""
    times = [(name, list(moments)) for name, moments in series]
    # Activity of long ago, such as before an advance by a year, would leave one bar for all of it.
    oldest = min((moment for _, moments in times for moment in moments), default=now)
    seconds = max(0.0, (now - oldest).total_seconds())
    bucket_seconds = next(
        (one for one in _BUCKETS_SECONDS if one * BAR_COUNT > seconds), _BUCKETS_SECONDS[-1]
    )
    bucket = timedelta(seconds=bucket_seconds)
    last = math.floor(now.timestamp() / bucket_seconds)
    first = last - BAR_COUNT + 1
    starts_at = datetime.fromtimestamp(first * bucket_seconds, tz=now.tzinfo)
    rows = [_row(name, moments, first, bucket_seconds, starts_at) for name, moments in times]
    return Chart(rows, starts_at, now, bucket)


def _row(
    name: str, moments: Sequence[datetime], first: int, bucket_seconds: int, starts_at: datetime
) -> Row:
    counts = [0] * BAR_COUNT
    for moment in moments:
        index = math.floor(moment.timestamp() / bucket_seconds) - first
        if 0 <= index < BAR_COUNT:
            counts[index] += 1
    highest = max(counts)
    bars = [
        Bar(
            x=index * _BAR_WIDTH,
            y=_ROW_HEIGHT - height,
            height=height,
            count=count,
            starts_at=starts_at + timedelta(seconds=index * bucket_seconds),
        )
        for index, count in enumerate(counts)
        if count
        for height in (round(max(2.0, (_ROW_HEIGHT - 2) * count / highest), 1),)
    ]
    return Row(name, bars, len(moments), highest)
