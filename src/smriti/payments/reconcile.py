"""`smriti stripe reconcile`: our records are made to be what Stripe says, for everybody."""

from smriti.payments.gateway import Gateway
from smriti.payments.ledger import Ledger
from smriti.payments.models import ENDED
from smriti.payments.repository import SubscriptionRepository


async def reconcile(
    gateway: Gateway, ledger: Ledger, subscriptions: SubscriptionRepository
) -> tuple[int, int]:
    """How many people were looked at, and how many subscriptions at Stripe are nobody's here."""
    people: set[str] = set()
    of_nobody = 0
    async for living in gateway.living_subscriptions():
        owner = await ledger.owner_of(living.customer)
        if owner is None:
            of_nobody += 1
        else:
            people.add(owner)
            await ledger.record(owner, living.id)
    after: str | None = None
    while True:
        page, after = await subscriptions.page_of_everybodys(after)
        for owner in {one.user_email for one in page if one.status not in ENDED}:
            people.add(owner)
            await ledger.refresh(owner)
        if after is None:
            return len(people), of_nobody
