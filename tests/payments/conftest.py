"""A Stripe of our own on a loopback port."""

from collections.abc import Iterator

import pytest

from tests.fakes.stripe_server import FakeStripe


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    with FakeStripe().running() as running:
        yield running
