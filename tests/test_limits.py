"""Budgets: used up, filled again, one a key, bounded in memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliancekit.limits import Rate, RateLimiter, TooManyRequestsError
from alliancekit.testing import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def limiter(clock: FakeClock) -> RateLimiter:
    return RateLimiter(clock)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("120/minute", Rate(120, 60.0)),
        ("5/15 minutes", Rate(5, 900.0)),
        (" 1 / second ", Rate(1, 1.0)),
        ("10/0.5 hours", Rate(10, 1800.0)),
        ("off", None),
    ],
)
def test_a_rate_as_people_write_it(text: str, rate: Rate | None) -> None:
    assert Rate.parse(text) == rate


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0/minute",
        "-1/minute",
        "5",
        "5/fortnight",
        "x/minute",
        "5/-1 minutes",
        "5/inf hours",
        "5/nan days",
    ],
)
def test_what_is_no_rate_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="120/minute"):
        Rate.parse(text)


def test_a_budget_may_be_used_at_once_and_comes_back_evenly(limiter: RateLimiter, clock: FakeClock) -> None:
    rate = Rate(3, 60.0)
    assert [limiter.allow("a", rate) for _ in range(4)] == [True, True, True, False]
    clock.now += 19.0
    assert not limiter.allow("a", rate)
    clock.now += 1.0
    assert [limiter.allow("a", rate) for _ in range(2)] == [True, False]
    clock.now += 3600.0
    assert [limiter.allow("a", rate) for _ in range(4)] == [True, True, True, False]


def test_each_key_has_its_own_and_without_a_rate_there_is_no_end(limiter: RateLimiter) -> None:
    rate = Rate(1, 60.0)
    assert limiter.allow(("tenant", "a"), rate)
    assert limiter.allow(("tenant", "b"), rate)
    assert not limiter.allow(("tenant", "a"), rate)
    assert all(limiter.allow(("tenant", "a"), None) for _ in range(100))


def test_a_refusal_says_when_to_come_back_and_takes_nothing(limiter: RateLimiter, clock: FakeClock) -> None:
    rate = Rate(2, 60.0)
    limiter.check("a", rate)
    limiter.check("a", rate)
    for _ in range(5):
        with pytest.raises(TooManyRequestsError) as refused:
            limiter.check("a", rate)
    assert refused.value.retry_after == 30
    assert limiter.wait("a", rate) == pytest.approx(30.0)
    clock.now += refused.value.retry_after
    assert limiter.wait("a", rate) == 0.0
    limiter.check("a", rate)


def test_looking_takes_nothing(limiter: RateLimiter) -> None:
    rate = Rate(1, 60.0)
    assert [limiter.wait("a", rate) for _ in range(5)] == [0.0] * 5
    assert limiter.allow("a", rate)
    assert limiter.wait("a", rate) == pytest.approx(60.0)


def test_a_clock_that_is_set_back_shuts_nobody_out_for_longer_than_a_period(
    limiter: RateLimiter, clock: FakeClock
) -> None:
    rate = Rate(1, 60.0)
    assert limiter.allow("a", rate)
    clock.now -= 86400.0
    assert limiter.take("a", rate) <= 60.0
    clock.now += 60.0
    assert limiter.allow("a", rate)


def test_a_flood_of_keys_is_forgotten_but_not_the_busiest_at_once(clock: FakeClock) -> None:
    limiter = RateLimiter(clock, most_keys=100)
    rate = Rate(1, 60.0)
    for number in range(1000):
        assert limiter.allow(number, rate)
        assert len(limiter) <= 100
    assert not limiter.allow(999, rate)


@given(
    count=st.integers(1, 50),
    seconds=st.floats(0.1, 1000),
    steps=st.lists(st.floats(0, 5), min_size=1, max_size=200),
)
def test_never_more_than_twice_the_count_in_any_one_period(
    count: int, seconds: float, steps: list[float]
) -> None:
    clock = FakeClock()
    limiter = RateLimiter(clock)
    taken: list[float] = []
    for step in steps:
        clock.now += step
        if limiter.allow("a", Rate(count, seconds)):
            taken.append(clock.now)
    for start in taken:
        # What was full at the start of a period, and what came back during it.
        assert sum(start <= at < start + seconds for at in taken) <= 2 * count
