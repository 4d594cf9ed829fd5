"""What is refused before an engine hears of it."""

import pytest

from smriti.db.rules import (
    checked_actions,
    checked_bulk,
    checked_changes,
    checked_condition,
    checked_item,
    checked_key,
)
from smriti.db.table import (
    MAX_ACTIONS,
    MAX_ITEM_BYTES,
    TTL,
    Action,
    Add,
    Append,
    Change,
    Compare,
    Condition,
    Delete,
    InvalidOperation,
    Item,
    ItemTooLarge,
    Key,
    Present,
    Put,
    Remove,
    Set,
    eq,
)

ITEM: Item = {"pk": "p", "sk": "s"}


@pytest.mark.parametrize(
    "key", [("", "s"), ("p", ""), ("p" * 2049, "s"), ("p", "é" * 513), ("\ud800", "s")]
)
def test_keys_have_limits(key: Key) -> None:
    assert checked_key(("p" * 2048, "é" * 512)) == ("p" * 2048, "é" * 512)
    with pytest.raises(InvalidOperation):
        checked_key(key)


@pytest.mark.parametrize(
    "item",
    [
        {"sk": "s"},
        {"pk": "p"},
        {**ITEM, "pk": 5},
        {**ITEM, "gsi2_pk": ""},
        {**ITEM, "gsi2_sk": 5},
        {**ITEM, "gsi2_sk": None},
        {**ITEM, "ttl": "soon"},
        {**ITEM, "ttl": 1.5},
        {**ITEM, "ttl": True},
        {**ITEM, "ttl": -1},
        {**ITEM, "ttl": 2**64},
        {**ITEM, "": 1},
        {**ITEM, "x": "\ud800"},
    ],
)
def test_items_against_the_rules_are_refused(item: Item) -> None:
    with pytest.raises(InvalidOperation):
        checked_item(item)


def test_an_item_is_measured_with_its_names() -> None:
    rest = MAX_ITEM_BYTES - len("pkpsks") - len("text")

    assert len(str(checked_item({**ITEM, "text": "x" * rest})["text"])) == rest
    with pytest.raises(ItemTooLarge):
        checked_item({**ITEM, "text": "x" * (rest + 1)})


@pytest.mark.parametrize(
    "changes",
    [
        (),
        (Set("pk", "x"),),
        (Remove("sk"),),
        (Set("a", 1), Remove("a")),
        (Set("gsi2_pk", ""),),
        (Set(TTL, "soon"),),
        (Add(TTL, 60),),
        (Append("gsi2_sk", [1]),),
        (Add("a", True),),
        (Set("", 1),),
        (Append("a", ["\ud800"]),),
    ],
)
def test_changes_against_the_rules_are_refused(changes: tuple[Change, ...]) -> None:
    with pytest.raises(InvalidOperation):
        checked_changes(changes)


@pytest.mark.parametrize(
    "condition",
    [
        Present(""),
        eq("", 1),
        eq("a", "\ud800"),
        Compare("a", "<", None),
        ~Compare("a", ">=", [1]),
        Present("a") & Compare("a", "<", True),
        Condition(),
    ],
)
def test_conditions_against_the_rules_are_refused(condition: Condition) -> None:
    with pytest.raises(InvalidOperation):
        checked_condition(condition)


def test_a_write_has_one_to_a_hundred_actions_on_distinct_items() -> None:
    many: list[Action] = [Delete(("p", str(n))) for n in range(MAX_ACTIONS + 1)]

    assert len(checked_actions(many[1:])) == MAX_ACTIONS
    none: list[Action] = []
    same: list[Action] = [Put(ITEM), Delete(("p", "s"))]
    for refused in (none, many, same):
        with pytest.raises(InvalidOperation):
            checked_actions(refused)


def test_a_transaction_is_at_most_four_megabytes() -> None:
    actions = [Put({"pk": "p", "sk": str(n), "x": "x" * 390_000}) for n in range(11)]

    assert len(checked_actions(actions[1:])) == 10
    with pytest.raises(ItemTooLarge):
        checked_actions(actions)


def test_a_bulk_write_may_not_depend_on_an_order() -> None:
    assert checked_bulk([ITEM], [("p", "t"), ("p", "t")]) == [Put(ITEM), Delete(("p", "t"))]
    with pytest.raises(InvalidOperation):
        checked_bulk([ITEM], [("p", "s")])
    with pytest.raises(InvalidOperation):
        checked_bulk([ITEM, ITEM], [])
