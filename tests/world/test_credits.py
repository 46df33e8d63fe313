"""Credits: two buckets, the order of spending, and the refill at the end of a month."""

from datetime import datetime, timedelta, timezone

import pytest

from mock_sendpilot.errors import CreditsExhausted
from mock_sendpilot.scheduling.clock import ManualClock
from mock_sendpilot.world.credits import DEFAULT_BALANCE, Balance, Credits

RESET_AT = datetime(2026, 2, 1, tzinfo=timezone.utc)
FULL = Balance(
    subscription=7_500, purchased=5_000, used=2_500, monthly=10_000, next_reset_at=RESET_AT
)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


MID_MONTH = day("2026-01-15")


def make_credits(balance: Balance = FULL, *, now: datetime = MID_MONTH) -> Credits:
    return Credits(ManualClock(now), balance)


def buckets(balance: Balance) -> tuple[int, int, int]:
    return balance.subscription, balance.purchased, balance.used


def test_both_buckets_are_available() -> None:
    assert FULL.available == 12_500


@pytest.mark.parametrize(
    ("amount", "left"),
    [
        pytest.param(0, (7_500, 5_000, 2_500), id="nothing"),
        pytest.param(1, (7_499, 5_000, 2_501), id="one"),
        pytest.param(7_500, (0, 5_000, 10_000), id="all of the subscription"),
        pytest.param(7_501, (0, 4_999, 10_001), id="one more"),
        pytest.param(12_500, (0, 0, 15_000), id="everything"),
    ],
)
def test_the_subscription_is_spent_before_purchased_credits(
    amount: int, left: tuple[int, int, int]
) -> None:
    spent = make_credits()
    spent.spend(amount, message="Insufficient credits")

    assert buckets(spent.balance()) == left


def test_more_than_the_available_credits_cannot_be_spent() -> None:
    short = make_credits()

    with pytest.raises(CreditsExhausted) as refused:
        short.spend(12_501, message="Insufficient quota")

    assert refused.value.message == "Insufficient quota"
    assert refused.value.hint == "this takes 12501 credits, and 12500 are available"


def test_a_refusal_spends_nothing() -> None:
    short = make_credits()
    with pytest.raises(CreditsExhausted):
        short.spend(12_501, message="Insufficient quota")

    assert short.balance() == FULL


@pytest.mark.parametrize("amount", [1, 7_500])
def test_credits_given_back_are_available_again(amount: int) -> None:
    spent = make_credits()
    payment = spent.spend(amount, message="Insufficient credits")
    spent.give_back(payment, amount)

    assert spent.balance() == FULL


def test_purchased_credits_are_given_back_as_purchased() -> None:
    spent = make_credits()
    payment = spent.spend(10_000, message="Insufficient credits")
    spent.give_back(payment, 10_000)

    assert spent.balance() == FULL


def test_credits_given_back_after_a_refill_do_not_add_to_it() -> None:
    clock = ManualClock(day("2026-01-31"))
    spent = Credits(clock, FULL)
    payment = spent.spend(1_000, message="Insufficient credits")
    clock.move_to(RESET_AT)
    spent.give_back(payment, 1_000)

    assert spent.balance().subscription <= 10_000


def test_used_credits_never_fall_below_zero() -> None:
    clock = ManualClock(day("2026-01-31"))
    spent = Credits(clock, FULL)
    payment = spent.spend(1_000, message="Insufficient credits")
    clock.move_to(RESET_AT)
    spent.give_back(payment, 1_000)

    assert spent.balance().used == 0


def test_a_refill_does_not_come_before_the_reset() -> None:
    credits_now = make_credits(now=RESET_AT - timedelta(microseconds=1))

    assert credits_now.balance() == FULL


def test_a_reset_refills_the_subscription_and_keeps_purchased_credits() -> None:
    balance = make_credits(now=RESET_AT).balance()

    assert buckets(balance) == (10_000, 5_000, 0)
    assert balance.next_reset_at == day("2026-03-01")


def test_unused_credits_of_a_month_are_not_carried_over() -> None:
    rich = Balance(subscription=30_000, monthly=10_000, next_reset_at=RESET_AT)

    assert make_credits(rich, now=RESET_AT).balance().subscription == 10_000


def test_months_without_a_call_count_too() -> None:
    balance = make_credits(now=day("2027-01-15")).balance()

    assert balance.subscription == 10_000
    assert balance.next_reset_at == day("2027-02-01")


def test_credits_spent_after_a_reset_count_for_the_new_month() -> None:
    spent = make_credits(now=RESET_AT)
    spent.spend(100, message="Insufficient credits")

    assert buckets(spent.balance()) == (9_900, 5_000, 100)


def test_the_refill_can_be_spent_at_the_moment_of_the_reset() -> None:
    empty = Balance(monthly=10, next_reset_at=RESET_AT)
    spent = make_credits(empty, now=RESET_AT)
    spent.spend(10, message="Insufficient credits")

    assert spent.balance().available == 0


def test_a_balance_without_a_reset_is_never_refilled() -> None:
    balance = make_credits(DEFAULT_BALANCE, now=day("2099-01-01")).balance()

    assert (balance.subscription, balance.next_reset_at) == (10_000, None)


@pytest.mark.parametrize(
    ("reset_at", "following"),
    [
        pytest.param("2026-04-01", "2026-05-01", id="the first of a month"),
        pytest.param("2026-01-28", "2026-02-28", id="a day that February has"),
        pytest.param("2026-01-29", "2026-03-01", id="a day that February has not"),
        pytest.param("2028-01-29", "2028-02-29", id="a day that February has in leap years"),
        pytest.param("2028-01-30", "2028-03-01", id="a day that it has in no year"),
        pytest.param("2026-01-31", "2026-03-01", id="the last of January"),
        pytest.param("2026-02-28", "2026-03-28", id="the last of February"),
        pytest.param("2026-03-31", "2026-05-01", id="the last of March"),
        pytest.param("2026-04-30", "2026-05-30", id="the last of a month of thirty days"),
        pytest.param("2026-10-31", "2026-12-01", id="the last of October"),
        pytest.param("2026-11-30", "2026-12-30", id="into December"),
        pytest.param("2026-12-01", "2027-01-01", id="into the next year"),
        pytest.param("2026-12-31", "2027-01-31", id="the last of the year"),
    ],
)
def test_the_next_reset_is_a_month_later(reset_at: str, following: str) -> None:
    balance = Balance(monthly=1, next_reset_at=day(reset_at))

    assert balance.refilled(day(reset_at)).next_reset_at == day(following)


def test_a_reset_keeps_its_time_of_day() -> None:
    at = day("2026-01-15T13:45:00")
    balance = Balance(monthly=1, next_reset_at=at)

    assert balance.refilled(at).next_reset_at == day("2026-02-15T13:45:00")
