"""The brake on guessing."""

import pytest

from smriti.auth.throttle import FAILURES, WINDOW_S, FailureThrottle, TooManyAttempts, network_of


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def failed(throttle: FailureThrottle, key: str, times: int) -> None:
    for _ in range(times):
        throttle.fail(key)


def test_fewer_failures_are_forgiven() -> None:
    throttle = FailureThrottle()
    failed(throttle, "ada", FAILURES - 1)

    throttle.check("ada", "bob")


def test_the_wait_is_what_is_left_of_the_window() -> None:
    clock = Clock()
    throttle = FailureThrottle(clock)
    failed(throttle, "ada", FAILURES)
    clock.now = WINDOW_S - 60.5

    with pytest.raises(TooManyAttempts) as caught:
        throttle.check("bob", "ada")

    assert caught.value.headers == {"Retry-After": "61"}
    assert caught.value.detail == "Too many failed sign-ins. Try again in 2 minutes."


def test_a_new_window_starts_from_nothing() -> None:
    clock = Clock()
    throttle = FailureThrottle(clock)
    failed(throttle, "ada", FAILURES)
    clock.now = WINDOW_S
    throttle.check("ada")
    failed(throttle, "ada", FAILURES - 1)

    throttle.check("ada")


def test_forgetting_starts_from_nothing() -> None:
    throttle = FailureThrottle()
    failed(throttle, "ada", FAILURES)
    throttle.forget("ada")

    throttle.check("ada")


def test_many_keys_do_not_push_out_a_busy_one() -> None:
    throttle = FailureThrottle()
    for number in range(30_000):
        throttle.fail("address", f"name-{number}")

    with pytest.raises(TooManyAttempts):
        throttle.check("address")
    throttle.check("name-0")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_an_address_counts_as_its_network(address: str, network: str) -> None:
    assert network_of(address) == network
