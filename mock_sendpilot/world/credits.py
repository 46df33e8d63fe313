"""Credits: what searches and extractions spend, in two buckets, refilled monthly.

The five numbers of the reply are the vendor's (section (b) 4). That the subscription is spent
before what was purchased, and what a refill brings, is invented.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from mock_sendpilot.errors import CreditsExhausted
from mock_sendpilot.scheduling.clock import Clock

_MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What is left of both buckets, and what this cycle has used.

    `monthly` is what the subscription brings at `next_reset_at`; without that time it never does.
    """

    subscription: int = 0
    purchased: int = 0
    used: int = 0
    monthly: int = 0
    next_reset_at: datetime | None = None

    @property
    def available(self) -> int:
        """Both buckets together."""
        return self.subscription + self.purchased

    def refilled(self, now: datetime) -> "Balance":
        """The balance after every reset up to now; what was purchased stays."""
        balance = self
        while balance.next_reset_at is not None and balance.next_reset_at <= now:
            balance = replace(
                balance,
                subscription=balance.monthly,
                used=0,
                next_reset_at=_month_later(balance.next_reset_at),
            )
        return balance

    def without(self, payment: "Payment") -> "Balance":
        """The balance after a payment."""
        return replace(
            self,
            subscription=self.subscription - payment.of_subscription,
            purchased=self.purchased - payment.of_purchased,
            used=self.used + payment.amount,
        )

    def with_back(self, payment: "Payment", amount: int) -> "Balance":
        """The balance with part of a payment given back: first what had been purchased.

        What was of the subscription of an earlier month is gone with that month.
        """
        purchased = min(amount, payment.of_purchased)
        is_same_cycle = self.next_reset_at == payment.cycle
        return replace(
            self,
            subscription=self.subscription + (amount - purchased if is_same_cycle else 0),
            purchased=self.purchased + purchased,
            used=self.used - (amount if is_same_cycle else 0),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What was spent at one time, of which bucket, in the cycle that ends at `cycle`."""

    of_subscription: int
    of_purchased: int
    cycle: datetime | None

    @property
    def amount(self) -> int:
        """Both together."""
        return self.of_subscription + self.of_purchased


DEFAULT_BALANCE = Balance(subscription=10_000, monthly=10_000)


class Credits:
    """The credits of one workspace. All but `balance` belongs into a transaction."""

    def __init__(self, clock: Clock, balance: Balance) -> None:
        self._clock = clock
        self._balance = balance.refilled(clock.now())

    def balance(self) -> Balance:
        """What there is now."""
        return self._balance.refilled(self._clock.now())

    def set(self, balance: Balance) -> None:
        """Have another balance from now on."""
        self._balance = balance.refilled(self._clock.now())

    def spend(self, amount: int, *, message: str) -> Payment:
        """Take credits, all or none.

        Raises:
            CreditsExhausted: there are too few; `message` is what the vendor says then.
        """
        balance = self.balance()
        if amount > balance.available:
            hint = f"this takes {amount} credits, and {balance.available} are available"
            raise CreditsExhausted(message, hint=hint)
        of_subscription = min(balance.subscription, amount)
        payment = Payment(
            of_subscription=of_subscription,
            of_purchased=amount - of_subscription,
            cycle=balance.next_reset_at,
        )
        self._balance = balance.without(payment)
        return payment

    def give_back(self, payment: Payment, amount: int) -> None:
        """Return what was taken and not needed."""
        self._balance = self.balance().with_back(payment, amount)


def _month_later(moment: datetime) -> datetime:
    """The same day of the next month; the 1st of the month after it, where it has none."""
    year, month = divmod(moment.year * _MONTHS + moment.month, _MONTHS)
    try:
        return moment.replace(year=year, month=month + 1)
    except ValueError:
        year, month = divmod(moment.year * _MONTHS + moment.month + 1, _MONTHS)
        return moment.replace(year=year, month=month + 1, day=1)
