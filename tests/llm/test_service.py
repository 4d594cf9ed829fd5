"""Connections to providers, and their model lists."""

import asyncio

import pytest

from smriti.llm.provider import Credentials, ModelFailed, ModelInfo, Provider
from smriti.llm.service import FAILED_LISTING_AGE_S, LISTING_AGE_S, MAX_LISTINGS, ModelService
from tests.fakes.scripted_provider import ScriptedProvider

ALICE = {"base_url": "https://a.example", "api_key": "sk-alice"}
BOB = {"base_url": "https://a.example", "api_key": "sk-bob"}


def model(name: str, provider: str = "Fake") -> ModelInfo:
    return ModelInfo(model_id=name, model_name=name, display_name=name, provider=provider)


class Offering(ScriptedProvider):
    """A provider whose model list can be slow or fail; counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__([], [model("b"), model("c")])
        self.listed = 0
        self.failing: Exception | None = None

    async def models(self) -> list[ModelInfo]:
        self.listed += 1
        await asyncio.sleep(0)
        if self.failing:
            raise self.failing
        return await super().models()


class Factory:
    def __init__(self) -> None:
        self.made: list[Offering] = []

    def __call__(self, credentials: Credentials) -> Provider:
        self.made.append(Offering())
        return self.made[-1]


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


async def test_one_connection_serves_all_who_share_credentials() -> None:
    factory = Factory()
    service = ModelService({"Fake": factory})

    connections = await asyncio.gather(
        *(service.connect("Fake", credentials) for credentials in (ALICE, BOB, dict(ALICE)))
    )

    assert connections[0] is connections[2]
    assert len(factory.made) == 2
    assert "sk-alice" not in repr(vars(service))


async def test_the_connection_unused_for_longest_is_closed_first() -> None:
    factory = Factory()
    service = ModelService({"Fake": factory}, max_connections=2)
    for user in (ALICE, BOB, ALICE, {"base_url": "https://c.example"}):
        await service.connect("Fake", user)

    assert [provider.closed for provider in factory.made] == [False, True, False]


async def test_closing_the_service_closes_every_connection() -> None:
    factory = Factory()
    service = ModelService({"Fake": factory})
    await service.connect("Fake", ALICE)
    await service.connect("Fake", BOB)

    await service.close()

    assert [provider.closed for provider in factory.made] == [True, True]


async def test_a_model_list_is_asked_once_a_minute_by_all_together() -> None:
    factory, clock = Factory(), Clock()
    service = ModelService({"Fake": factory}, clock=clock)

    lists = await asyncio.gather(*(service.models("Fake", ALICE) for _ in range(5)))
    clock.now_s += LISTING_AGE_S - 1
    await service.models("Fake", ALICE)

    assert lists == [[model("b"), model("c")]] * 5
    assert factory.made[0].listed == 1

    clock.now_s += 1
    await service.models("Fake", ALICE)

    assert factory.made[0].listed == 2


async def test_the_typed_model_comes_first() -> None:
    service = ModelService({"Fake": Factory()})

    assert await service.models("Fake", ALICE | {"model": "c"}) == [model("c"), model("b")]
    assert await service.models("Fake", ALICE | {"model": "z"}) == [
        model("z"),
        model("b"),
        model("c"),
    ]


async def test_a_provider_that_fails_leaves_the_typed_model_and_is_asked_again_soon() -> None:
    factory, clock = Factory(), Clock()
    service = ModelService({"Fake": factory}, clock=clock)
    typed = ALICE | {"model": "z"}
    await service.connect("Fake", typed)
    factory.made[0].failing = ModelFailed("It is off.")

    assert await service.models("Fake", typed) == [model("z")]
    factory.made[0].failing = None
    assert await service.models("Fake", typed) == [model("z")]
    clock.now_s += FAILED_LISTING_AGE_S

    assert await service.models("Fake", typed) == [model("z"), model("b"), model("c")]


async def test_a_provider_that_takes_too_long_offers_nothing() -> None:
    factory = Factory()
    service = ModelService({"Fake": factory})
    await service.connect("Fake", ALICE)
    factory.made[0].failing = TimeoutError()

    assert await service.models("Fake", ALICE) == []


async def test_the_number_of_kept_lists_is_bounded() -> None:
    factory = Factory()
    service = ModelService({"Fake": factory})
    for number in range(MAX_LISTINGS + 1):
        await service.models("Fake", {"api_key": str(number)})

    await service.models("Fake", {"api_key": str(MAX_LISTINGS)})
    await service.models("Fake", {"api_key": "0"})

    asked = sum(provider.listed for provider in factory.made)
    assert asked == MAX_LISTINGS + 2


async def test_who_is_tried_and_does_not_answer_in_time_is_named() -> None:
    silent = Offering()
    silent.failing = TimeoutError()
    service = ModelService({"Fake": lambda _: silent})

    with pytest.raises(ModelFailed, match="Fake did not answer within ten seconds"):
        await service.offered("Fake", ALICE)

    assert silent.closed
