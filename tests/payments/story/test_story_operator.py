"""What an operator does with Stripe from the command line."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from smriti.cli.stripe import reconcile, sync
from smriti.core.config import Config
from smriti.db.sqlite import SqliteTable
from smriti.payments.pricing import load_pricing
from tests.fakes.stripe_server import FakeStripe
from tests.payments.story.shop import open_shop

PACKAGED = Path(__file__).parents[3] / "pricing_config.json"


def config(stripe: FakeStripe, folder: Path) -> Config:
    return Config(
        _env_file=None,
        smriti_data_dir=folder,
        stripe_secret_key=SecretStr(stripe.key),
        stripe_api_base=stripe.url,
        pricing_config=folder / "pricing.json",
    )


def test_sync_makes_what_is_sold_once(
    stripe: FakeStripe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "pricing.json"
    file.write_bytes(PACKAGED.read_bytes())
    settings = config(stripe, tmp_path)

    sync(settings)
    first = file.read_text(encoding="utf-8")
    sync(settings)

    assert file.read_text(encoding="utf-8") == first
    sold = {
        (price["id"], price["unit_amount"], price["currency"], price["recurring"]["interval"])
        for price in stripe.all("price")
    }
    starter, pro = load_pricing(file).tiers[1:3]
    assert starter.stripe_price_ids
    assert pro.stripe_price_ids
    assert sold == {
        (starter.stripe_price_ids.monthly, 900, "usd", "month"),
        (starter.stripe_price_ids.annual, 9000, "usd", "year"),
        (pro.stripe_price_ids.monthly, 2900, "usd", "month"),
        (pro.stripe_price_ids.annual, 29000, "usd", "year"),
    }
    assert {product["id"] for product in stripe.all("product")} == {
        starter.stripe_product_id,
        pro.stripe_product_id,
    }
    assert "Stripe sells starter, pro" in capsys.readouterr().out


def test_a_new_amount_is_a_new_price_and_the_old_one_still_gives_its_plan(
    stripe: FakeStripe, tmp_path: Path
) -> None:
    file = tmp_path / "pricing.json"
    file.write_bytes(PACKAGED.read_bytes())
    settings = config(stripe, tmp_path)
    sync(settings)
    before = load_pricing(file).tiers[1].stripe_price_ids

    file.write_text(file.read_text(encoding="utf-8").replace('"$9"', '"$11"'), encoding="utf-8")
    sync(settings)

    after = load_pricing(file).tiers[1].stripe_price_ids
    assert before
    assert after
    assert after.monthly != before.monthly
    assert after.former == {before.monthly: "monthly"}
    assert after.annual == before.annual


async def test_reconcile_repairs_what_no_webhook_told(
    stripe: FakeStripe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = config(stripe, tmp_path)
    table = SqliteTable.open(settings.database)
    async with open_shop(table, tmp_path, stripe) as shop:
        bought = await shop.buy("starter")
        stripe.switch(bought, shop.prices["pro"]["monthly"])
        stripe.deliveries()  # none arrives
        assert await shop.plan() == ("starter", "active")
    await table.close()

    await asyncio.to_thread(reconcile, settings)

    assert capsys.readouterr().out == "The records of 1 people are what Stripe says.\n"
    table = SqliteTable.open(settings.database)
    plans = [item["plan_name"] for item in (await table.scan()).items if "plan_name" in item]
    await table.close()
    assert plans == ["pro"]
