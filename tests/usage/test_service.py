"""Counting, and what plans allow."""

import asyncio
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path

import pytest

from smriti.core.clock import utc_now
from smriti.db.table import Add, Item, Query, Set, Table
from smriti.payments.models import Subscription
from smriti.payments.repository import SubscriptionRepository
from smriti.usage.limits import PlanLimitReached
from smriti.usage.models import Limits, Reservation, month_after, month_of, start_of
from tests.usage.counting import limited, usage_over

ADA = "ada@example.com"
NOW = utc_now()
MONTH = month_of(NOW)
KEY = (f"User#{ADA}", f"Usage#{MONTH}")


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """No month ends in the middle of a test."""
    for module in ("service", "limits"):
        monkeypatch.setattr(f"smriti.usage.{module}.utc_now", lambda: NOW)


async def items_of(table: Table, email: str = ADA) -> list[Item]:
    return (await table.query(Query(f"User#{email}"))).items


def paying(plan: str, *, status: str = "active") -> Subscription:
    ends = int((utc_now() + timedelta(days=9)).timestamp())
    return Subscription(
        subscription_id="sub_1",
        user_email=ADA,
        plan_name=plan,
        status=status,
        current_period_end=ends,
    )


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        ("2026-02-28T23:59:59.999999+00:00", "2026-02"),
        ("2026-03-01T00:00:00+00:00", "2026-03"),
        ("2026-03-01T01:30:00+02:00", "2026-02"),
        ("2025-12-31T23:30:00-01:00", "2026-01"),
    ],
)
def test_months_are_those_of_utc(moment: str, month: str) -> None:
    assert month_of(datetime.fromisoformat(moment)) == month


def test_months_follow_each_other() -> None:
    assert [month_after("2026-01", step) for step in (-13, -1, 0, 1, 11, 12)] == [
        *("2024-12", "2025-12", "2026-01", "2026-02", "2026-12", "2027-01")
    ]
    assert start_of("2026-02") == datetime(2026, 2, 1, tzinfo=UTC)


async def test_pages_are_refused_in_the_words_that_clients_know(
    table: Table, tmp_path: Path
) -> None:
    usage = usage_over(table, **limited(tmp_path))
    await usage.reserve(ADA, "kb_pages", 4)

    with pytest.raises(PlanLimitReached) as refused:
        await usage.reserve(ADA, "kb_pages", 7)

    error = refused.value
    assert error.problem() == {
        "type": "/problems/plan-limit-reached",
        "title": "Quota exceeded",
        "status": 429,
        "detail": {
            "message": "Knowledge base page limit exceeded. 6 pages remaining.",
            "limit": 10,
            "current": 4,
            "tier": "free",
            "remaining": 6,
            "upgrade_url": "https://app.test/pricing",
        },
    }
    wait_s = int(error.headers["Retry-After"])
    assert error.headers == {
        "RateLimit-Limit": "10",
        "RateLimit-Remaining": "6",
        "RateLimit-Reset": str(wait_s),
        "Retry-After": str(wait_s),
    }
    assert wait_s == ceil((start_of(month_after(MONTH)) - NOW).total_seconds())


async def test_of_many_at_once_as_many_pages_pass_as_there_are(
    table: Table, tmp_path: Path
) -> None:
    processes = [usage_over(table, **limited(tmp_path)) for _ in range(4)]

    answers = await asyncio.gather(
        *(processes[n % 4].reserve(ADA, "kb_pages", 3) for n in range(100)), return_exceptions=True
    )

    kinds = [type(answer).__name__ for answer in answers]
    assert sorted(kinds) == ["PlanLimitReached"] * 97 + ["Reservation"] * 3
    assert (await usage_over(table).summary(ADA)).used.kb_pages == 9


async def test_more_than_a_plan_ever_allows_is_refused_at_once(
    table: Table, tmp_path: Path
) -> None:
    with pytest.raises(PlanLimitReached, match=r"^Knowledge base page limit exceeded\. 10 pages"):
        await usage_over(table, **limited(tmp_path)).reserve(ADA, "kb_pages", 11)

    assert await items_of(table) == []


async def test_what_was_not_used_is_given_back(table: Table, tmp_path: Path) -> None:
    usage = usage_over(table, **limited(tmp_path))
    crawl = await usage.reserve(ADA, "kb_pages", 10)

    await usage.settle(crawl, 3)

    await usage.reserve(ADA, "kb_pages", 7)
    assert (await usage.summary(ADA)).used.kb_pages == 10


async def test_what_was_used_beyond_it_counts(table: Table, tmp_path: Path) -> None:
    usage = usage_over(table, **limited(tmp_path))

    await usage.settle(await usage.reserve(ADA, "kb_pages", 1), 12)

    assert (await usage.summary(ADA)).used.kb_pages == 12


async def test_it_is_given_back_to_the_month_it_was_taken_from(table: Table) -> None:
    usage = usage_over(table)
    await usage.reserve(ADA, "messages")
    key = (f"User#{ADA}", "Usage#2020-02")
    await table.update(key, Add("messages_used", 5))

    await usage.give_back(Reservation(ADA, "2020-02", "messages", 1))

    assert [(item["sk"], item["messages_used"]) for item in await items_of(table)] == [
        ("Usage#2020-02", 4),
        (f"Usage#{MONTH}", 1),
    ]


async def test_who_gives_everything_back_leaves_nothing(table: Table) -> None:
    usage = usage_over(table)

    taken = await usage.take(ADA)
    await usage.give_back(taken)
    await usage.give_back(taken)

    assert await items_of(table) == []


async def test_a_message_is_counted_before_it_is_checked(table: Table, tmp_path: Path) -> None:
    usage = usage_over(table, **limited(tmp_path))

    first, second = await usage.take(ADA), await usage.take(ADA)

    usage.check(first, [])
    usage.check(second, [paying("starter")])
    with pytest.raises(PlanLimitReached) as refused:
        usage.check(second, [paying("starter", status="canceled")])
    assert refused.value.problem()["detail"] == {
        "message": "Monthly message limit reached (1). Upgrade for more.",
        "limit": 1,
        "current": 1,
        "tier": "free",
        "upgrade_url": "https://app.test/pricing",
    }


async def test_superusers_and_people_at_home_are_counted_only(table: Table, tmp_path: Path) -> None:
    settings = limited(tmp_path)
    superuser = usage_over(table, **settings, superuser_emails=f" x@y.z, {ADA.upper()}")
    at_home = usage_over(table, **settings | {"plan_limits": "off"})

    for usage in (superuser, at_home):
        for _ in range(3):
            usage.check(await usage.take(ADA), [])
        await usage.reserve(ADA, "kb_pages", 100)

    summary = await at_home.summary(ADA)
    assert (summary.used.messages, summary.used.kb_pages) == (6, 200)
    assert (summary.enforced, summary.limits) == (False, Limits())


async def test_tokens_of_a_turn_are_counted_once(table: Table) -> None:
    usage = usage_over(table)
    taken = await usage.take(ADA)

    await asyncio.gather(*(usage.count_tokens(taken, "turn-1", 30) for _ in range(10)))
    await usage.count_tokens(taken, "turn-2", 12)
    await usage.count_tokens(taken, "turn-3", 0)

    assert (await usage.summary(ADA)).used.tokens == 42
    events = [item for item in await items_of(table) if str(item["sk"]).startswith("UsageEvent#")]
    assert [event["sk"] for event in events] == ["UsageEvent#turn-1", "UsageEvent#turn-2"]
    assert all("ttl" in event for event in events)


async def test_a_summary_tells_of_the_plan_and_of_earlier_months(
    table: Table, tmp_path: Path
) -> None:
    usage = usage_over(table, **limited(tmp_path))
    await usage.take(ADA)
    before = month_after(MONTH, -2)
    await table.update((f"User#{ADA}", f"Usage#{before}"), Set("messages_used", 7))
    await table.update((f"User#{ADA}", "Usage#active"), Set("active_agents", 1))

    summary = await usage.summary(ADA, months=3)

    assert summary.model_dump(mode="json") == {
        "tier": "free",
        "plan": "Free",
        "enforced": True,
        "limits": {"agents": 1, "messages": 1, "kb_pages": 10, "memory_blocks": 3},
        "used": {"month": MONTH, "messages": 1, "kb_pages": 0, "tokens": 0, "agents": 1},
        "resets_at": f"{month_after(MONTH)}-01T00:00:00Z",
        "upgrade_url": "https://app.test/pricing",
        "months": [
            {"month": MONTH, "messages": 1, "kb_pages": 0, "tokens": 0},
            {"month": month_after(MONTH, -1), "messages": 0, "kb_pages": 0, "tokens": 0},
            {"month": before, "messages": 7, "kb_pages": 0, "tokens": 0},
        ],
    }


async def test_a_larger_plan_counts_at_once(table: Table, tmp_path: Path) -> None:
    usage = usage_over(table, **limited(tmp_path))
    subscriptions = SubscriptionRepository(table)
    await table.bulk(puts=[subscriptions.item(paying("starter"))])

    reservation = await usage.reserve(ADA, "kb_pages", 1000)

    summary = await usage.summary(ADA)
    assert (reservation.used, summary.tier, summary.limits) == (1000, "starter", Limits())


async def test_set_back_is_as_if_nothing_had_been_used(table: Table) -> None:
    usage = usage_over(table)
    taken = await usage.take(ADA)
    await table.update((f"User#{ADA}", "Usage#active"), Set("active_agents", 9))

    await usage.reset(ADA)
    await usage.give_back(taken)

    summary = await usage.summary(ADA)
    assert (summary.used.messages, summary.used.agents) == (0, 0)


async def test_a_months_counter_is_kept_for_a_year(table: Table) -> None:
    await usage_over(table).take(ADA)

    (item,) = await items_of(table)
    kept = datetime.fromtimestamp(int(str(item["ttl"])), UTC) - start_of(MONTH)
    assert timedelta(days=366) < kept < timedelta(days=420)


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({"frontend_url": "https://app.test/"}, "https://app.test/pricing"),
        ({"api_base_url": "https://api.test/"}, "https://api.test/app/#/plan"),
        ({}, "/app/#/plan"),
    ],
)
async def test_the_way_to_a_larger_plan(table: Table, settings: dict[str, str], url: str) -> None:
    assert (await usage_over(table, **settings).summary(ADA)).upgrade_url == url
