"""Time and ids."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from smriti.core.clock import id_at, new_id, read_moment, sort_time

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


@given(MOMENTS, st.integers(0, 4095), st.integers(0, 4095))
def test_ids_of_a_moment_tell_it_and_sort_by_place(moment: datetime, one: int, other: int) -> None:
    ids = [id_at(moment, place) for place in (one, other)]

    parsed = [UUID(each) for each in ids]
    assert {(each.version, each.variant) for each in parsed} == {(7, "specified in RFC 4122")}
    milliseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert {each.int >> 80 for each in parsed} == {milliseconds}
    assert one == other or (ids[0] < ids[1]) == (one < other)


@given(MOMENTS)
def test_a_written_moment_is_read_again(moment: datetime) -> None:
    assert read_moment(f" {moment.isoformat()} ") == moment


def test_a_date_is_its_first_moment_in_utc() -> None:
    midnight = datetime(2026, 3, 1, tzinfo=UTC)

    assert read_moment("2026-03-01") == read_moment("2026-03-01T00:00") == midnight
