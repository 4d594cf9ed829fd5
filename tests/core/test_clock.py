"""Time and ids."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from smriti.core.clock import new_id, sort_time

MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(9998, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]),
)


@given(MOMENTS, MOMENTS)
def test_sort_times_sort_as_the_moments_do(one: datetime, other: datetime) -> None:
    assert (sort_time(one) < sort_time(other)) == (one < other)


def test_a_sort_time_always_has_six_fraction_digits() -> None:
    moment = datetime(2026, 3, 1, 9, 15, tzinfo=UTC)

    assert sort_time(moment) == "2026-03-01T09:15:00.000000+00:00"


def test_ids_are_of_version_7_and_sort_by_age() -> None:
    before = datetime.now(UTC)
    ids = [new_id() for _ in range(1000)]

    assert len(set(ids)) == 1000
    parsed = [UUID(one) for one in ids]
    assert {(one.version, one.variant) for one in parsed} == {(7, "specified in RFC 4122")}
    made_ms = [one.int >> 80 for one in parsed]
    assert made_ms == sorted(made_ms)
    assert made_ms[0] >= int(before.timestamp() * 1000)
