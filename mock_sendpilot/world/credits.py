"""Credits: searches and extractions spend them from two buckets, refilled monthly.

The five numbers of the response are the vendor's. Invented are the amount of a
refill, and that the credits of the subscription are spent before purchased ones.
"""

from dataclasses import replace
from datetime import datetime

from mock_sendpilot.errors import CreditsExhausted
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.scheduling.clock import Clock

_MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The credits left in both buckets, and those used in this cycle.

    `monthly` refills the subscription at `next_reset_at`, or never without that time.
    """

    subscription: int = 0
    purchased: int = 0
    used: int = 0
    monthly: int = 0
    next_reset_at: datetime | None = None

    @property
    def available(self) -> int:
        """The credits of both buckets."""
        return self.subscription + self.purchased

    def refilled(self, now: datetime) -> "Balance":
        """Return the balance after every reset up to now; purchased credits stay."""
        # Computed when it is read, so that no task is needed; a clock may skip several months.
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
        """Return the balance after a payment."""
        return replace(
            self,
            subscription=self.subscription - payment.from_subscription,
            purchased=self.purchased - payment.from_purchased,
            used=self.used + payment.amount,
        )

    def with_back(self, payment: "Payment", amount: int) -> "Balance":
        """Return the balance with part of a payment given back, purchased credits first.

        Credits of the subscription of an earlier cycle are lost.
        """
        # Purchased credits first, since they were spent last.
        purchased = min(amount, payment.from_purchased)
        is_same_cycle = self.next_reset_at == payment.cycle
        return replace(
            self,
            subscription=self.subscription + (amount - purchased if is_same_cycle else 0),
            purchased=self.purchased + purchased,
            used=self.used - (amount if is_same_cycle else 0),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """The credits spent at one time from each bucket, in the cycle that ends at `cycle`."""

    from_subscription: int
    from_purchased: int
    cycle: datetime | None

    @property
    def amount(self) -> int:
        """The credits spent in all."""
        return self.from_subscription + self.from_purchased


DEFAULT_BALANCE = Balance(subscription=10_000, monthly=10_000)


class Credits:
    """The credits of one workspace. All but `balance` are called within a transaction."""

    __slots__ = ("_balance", "_clock")

    def __init__(self, clock: Clock, balance: Balance) -> None:
        self._clock = clock
        # A seed may have a reset in the past.
        self._balance = balance.refilled(clock.now())

    def balance(self) -> Balance:
        """Return the balance of now."""
        return self._balance.refilled(self._clock.now())

    def set(self, balance: Balance) -> None:
        """Replace the balance."""
        self._balance = balance.refilled(self._clock.now())

    def spend(self, amount: int, *, message: str) -> Payment:
        """Spend credits, all or none.

        Raises:
            CreditsExhausted: too few are left; `message` is the vendor's text.
        """
        balance = self.balance()
        if amount > balance.available:
            hint = f"this takes {amount} credits, and {balance.available} are available"
            raise CreditsExhausted(message, hint=hint)
        from_subscription = min(balance.subscription, amount)
        payment = Payment(
            from_subscription=from_subscription,
            from_purchased=amount - from_subscription,
            cycle=balance.next_reset_at,
        )
        self._balance = balance.without(payment)
        return payment

    def give_back(self, payment: Payment, amount: int) -> None:
        """Give back credits that were spent and not needed."""
        self._balance = self.balance().with_back(payment, amount)


def _month_later(moment: datetime) -> datetime:
    """Return the same day of the next month; where it has no such day, the 1st after it.

    From then on the reset stays on the 1st. The vendor does not say what it does on the 31st.
    """
    year, month = divmod(moment.year * _MONTHS + moment.month, _MONTHS)
    try:
        return moment.replace(year=year, month=month + 1)
    except ValueError:
        year, month = divmod(moment.year * _MONTHS + moment.month + 1, _MONTHS)
        return moment.replace(year=year, month=month + 1, day=1)
