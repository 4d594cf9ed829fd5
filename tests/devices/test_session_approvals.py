"""Commands that wait for the device's owner, also over the end of a process."""

import asyncio

import pytest

from smriti.db.table import Table
from smriti.devices.models import DeviceSession
from smriti.devices.runs import DeviceOffline
from smriti.devices.sessions import NothingToApprove
from smriti.tools.approvals import Decision
from smriti.turns.events import ApprovalRequired, TurnEvent
from tests.devices.workshop import OWNER, Client, Workshop, runs, says, silent, told, until
from tests.fakes.mortal_table import MortalTable
from tests.patience import PATIENCE_S


async def asking(table: Table, **values: object) -> tuple[Workshop, Client]:
    """A device whose owner wants to be asked."""
    shop = await Workshop(table).open()
    shop.settings.decide("lab-7", ask_before_commands=True)
    return shop, shop.plug_in(**values)  # type: ignore[arg-type]


async def waiting(shop: Workshop, session_id: str) -> DeviceSession:
    """The session as it is stored, once it waits."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            session = await shop.store.find(OWNER, session_id)
            assert session is not None
            if session.approval is not None and session.decision is None:
                return session


def answer(session: DeviceSession, *, approve: bool = True, note: str | None = None) -> Decision:
    assert session.approval is not None
    return Decision(approval_id=session.approval.approval_id, approve=approve, note=note)


async def test_a_command_is_sent_when_it_is_approved(table: Table) -> None:
    shop, device = await asking(table)
    shop.script(says(runs("look", path="/etc")), says("Done."))
    heard: list[TurnEvent] = []
    session = await shop.sessions.begin(shop.order(heard=heard.append))

    stored = await waiting(shop, session.session_id)
    assert (stored.status, device.commands) == ("waiting", [])
    assert stored.approval is not None
    assert [event for event in heard if isinstance(event, ApprovalRequired)] == [
        ApprovalRequired(
            approval_id=stored.approval.approval_id,
            session_id=session.session_id,
            client_id="lab-7",
            tool_name="look",
            arguments={"path": "/etc"},
        )
    ]
    await shop.sessions.decide(OWNER, session.session_id, answer(stored))

    ended = await shop.ended(session)
    assert (ended.status, ended.approval, ended.decision) == ("completed", None, None)
    assert [command.actions[0].parameters for command in device.commands] == [{"path": "/etc"}]


async def test_a_refused_command_is_not_sent_and_the_model_is_told(table: Table) -> None:
    shop, device = await asking(table)
    model = shop.script(says(runs("look")), says("I may not."))
    session = await shop.sessions.begin(shop.order())
    stored = await waiting(shop, session.session_id)

    decision = answer(stored, approve=False, note="Not today.")
    await shop.sessions.decide(OWNER, session.session_id, decision)

    assert (await shop.ended(session)).result == "I may not."
    assert device.commands == []
    (result,) = told(model.requests[1])
    assert (result.success, result.text) == (
        False,
        "Not run: the device's owner has refused this call. They say: Not today.",
    )


async def test_a_decision_counts_once_and_for_its_own_approval(table: Table) -> None:
    shop, device = await asking(table, answer=silent)
    shop.script(says(runs("look")))
    session = await shop.sessions.begin(shop.order())
    stored = await waiting(shop, session.session_id)
    decision = answer(stored)

    other = decision.model_copy(update={"approval_id": "another"})

    with pytest.raises(NothingToApprove):
        await shop.sessions.decide(OWNER, session.session_id, other)
    await shop.sessions.decide(OWNER, session.session_id, decision)
    with pytest.raises(NothingToApprove):
        await shop.sessions.decide(OWNER, session.session_id, decision)

    await until(lambda: device.commands)
    await shop.sessions.cancel(OWNER, session.session_id)
    with pytest.raises(NothingToApprove):
        await shop.sessions.decide(OWNER, session.session_id, decision)


async def test_giving_up_needs_no_approval(table: Table) -> None:
    shop, _ = await asking(table)
    shop.script(says(runs("task_failed", reason="No.")))

    assert (await shop.does()).error == "No."


@pytest.mark.parametrize("graceful", [True, False], ids=["stopped", "killed"])
async def test_what_waits_goes_on_in_the_next_process(table: Table, graceful: bool) -> None:
    mortal = MortalTable(table)
    first, device = await asking(mortal)
    calls = (runs("look", "c1", path="a"), runs("look", "c2", path="b"), runs("look", "c3"))
    first.script(says("I look.", *calls))
    order = first.order()
    await first.sessions.begin(order)
    stored = await waiting(first, order.session_id)
    await first.sessions.decide(OWNER, order.session_id, answer(stored))
    await until(lambda: device.commands)
    stored = await waiting(first, order.session_id)
    mortal.dead = not graceful
    await first.sessions.close()

    second, device = await asking(table)
    model = second.script(says("All seen."))
    heard: list[TurnEvent] = []
    ended: list[DeviceSession] = []
    again = second.order(session_id=order.session_id, heard=heard.append, ended=ended.append)
    assert (await second.sessions.begin(again)).status == "waiting"
    assert [event.type for event in heard] == ["approval_required"]
    await second.sessions.decide(OWNER, order.session_id, answer(stored))
    stored = await waiting(second, order.session_id)
    await second.sessions.decide(OWNER, order.session_id, answer(stored, approve=False))

    session = await second.ended(stored)
    assert (session.status, session.result, session.attempt) == ("completed", "All seen.", 1)
    assert [each.session_id for each in ended] == [order.session_id]
    assert [command.actions[0].parameters for command in device.commands] == [{"path": "b"}]
    assert [(part.call_id, part.success) for part in told(model.requests[0])] == [
        ("c1", True),
        ("c2", True),
        ("c3", False),
    ]


async def test_a_decision_needs_the_device(table: Table) -> None:
    first, _ = await asking(table)
    first.script(says(runs("look")))
    session = await first.sessions.begin(first.order())
    stored = await waiting(first, session.session_id)
    await first.sessions.close()
    second = await Workshop(table).open()

    with pytest.raises(DeviceOffline):
        await second.sessions.decide(OWNER, session.session_id, answer(stored))

    assert (await second.sessions.find(OWNER, session.session_id)).status == "waiting"


async def test_one_that_waits_is_cancelled_when_no_process_has_it(table: Table) -> None:
    first, _ = await asking(table)
    first.script(says(runs("look")))
    session = await first.sessions.begin(first.order())
    await waiting(first, session.session_id)
    await first.sessions.close()
    second = await Workshop(table).open()
    heard: list[str] = []
    order = second.order(
        session_id=session.session_id, ended=lambda session: heard.append(session.status)
    )
    await second.sessions.begin(order)

    await second.sessions.cancel(OWNER, session.session_id)

    assert heard == ["cancelled"]
    assert (await second.sessions.find(OWNER, session.session_id)).status == "cancelled"
