"""What every engine does with single items. A subclass brings the `table` and a fresh `pk`."""

import asyncio

import pytest

from smriti.db.table import (
    EXISTS,
    MAX_ITEM_BYTES,
    NEW,
    Absent,
    Add,
    Append,
    Check,
    Compare,
    Condition,
    ConditionFailed,
    Default,
    Delete,
    Get,
    InvalidOperation,
    Item,
    ItemTooLarge,
    Present,
    Put,
    Query,
    Remove,
    Set,
    Table,
    TransactionFailed,
    Update,
    Value,
    eq,
)

VALUES: dict[str, Value] = {
    "nothing": None,
    "yes": True,
    "no": False,
    "zero": 0,
    "negative": -17,
    "large": 2**53 + 1,
    "larger": 12345678901234567890123456789012345678,
    "fraction": -0.625,
    "tiny": 1.5e-7,
    "empty": "",
    "text": "é 😀 \x00 \uff5e",
    "bytes": b"\x00\xff$",
    "list": [1, "two", [3.5, None], {}],
    "map": {"k": {"$b": "dG93ZXI="}, "l": [], "$n": "7", "$": b""},
    "$b": {"$b": b"tower"},
}

CONDITIONED: Item = {
    "n": 5,
    "flag": True,
    "null": None,
    "text": "é😀",
    "bytes": b"\xff",
    "l": [1, {"a": b"b"}],
    "m": {"x": 1, "y": 2},
}


class ItemContract:
    async def test_an_item_comes_back_as_it_was_put(self, table: Table, pk: str) -> None:
        item: Item = {"pk": pk, "sk": "all", **VALUES}

        await table.write(Put(item))

        assert await table.get((pk, "all")) == item
        assert type((await table.get((pk, "all")) or {})["yes"]) is bool

    async def test_an_integral_float_comes_back_as_an_integer(self, table: Table, pk: str) -> None:
        await table.write(Put({"pk": pk, "sk": "a", "n": 3.0, "big": 1e22, "zero": -0.0}))

        item = await table.get((pk, "a")) or {}

        assert [repr(item[name]) for name in ("n", "big", "zero")] == ["3", "1" + "0" * 22, "0"]

    async def test_a_missing_item_is_none(self, table: Table, pk: str) -> None:
        assert await table.get((pk, "nobody")) is None

    async def test_a_put_replaces_the_whole_item(self, table: Table, pk: str) -> None:
        await table.write(Put({"pk": pk, "sk": "a", "old": 1}))
        await table.write(Put({"pk": pk, "sk": "a", "new": 2}))

        assert await table.get((pk, "a")) == {"pk": pk, "sk": "a", "new": 2}

    async def test_of_concurrent_creators_one_wins_and_the_others_see_its_item(
        self, table: Table, pk: str
    ) -> None:
        async def create(number: int) -> Item | None:
            try:
                await table.write(Put({"pk": pk, "sk": "a", "by": number}, when=NEW))
            except ConditionFailed as failure:
                return failure.old
            return None

        seen = await asyncio.gather(*(create(number) for number in range(16)))

        stored = await table.get((pk, "a"))
        assert seen.count(None) == 1
        assert seen.count(stored) == 15

    async def test_a_failed_condition_on_nothing_carries_nothing(
        self, table: Table, pk: str
    ) -> None:
        with pytest.raises(ConditionFailed) as caught:
            await table.write(Delete((pk, "a"), when=EXISTS))

        assert caught.value.old is None

    async def test_delete_removes_an_item_and_minds_no_missing_one(
        self, table: Table, pk: str
    ) -> None:
        await table.write(Put({"pk": pk, "sk": "a"}))

        await table.write(Delete((pk, "a")))
        await table.write(Delete((pk, "a")))

        assert await table.get((pk, "a")) is None

    async def test_update_creates_what_is_missing(self, table: Table, pk: str) -> None:
        changes = (Set("name", "A"), Default("kind", "k"), Add("n", 2), Append("l", [b"x"]))

        new = await table.update((pk, "a"), *changes, Remove("absent"))

        assert new == {"pk": pk, "sk": "a", "name": "A", "kind": "k", "n": 2, "l": [b"x"]}
        assert await table.get((pk, "a")) == new

    async def test_update_changes_the_named_attributes_alone(self, table: Table, pk: str) -> None:
        await table.write(Put({"pk": pk, "sk": "a", "n": 5, "l": [1], "kept": "k", "gone": 1}))

        new = await table.update(
            (pk, "a"), Add("n", -7), Append("l", [2, 3]), Default("kept", "x"), Remove("gone")
        )

        assert new == {"pk": pk, "sk": "a", "n": -2, "l": [1, 2, 3], "kept": "k"}

    async def test_numbers_are_added_as_decimals(self, table: Table, pk: str) -> None:
        await table.update((pk, "a"), Add("n", 0.1))
        assert (await table.update((pk, "a"), Add("n", 0.2)))["n"] == 0.3
        assert repr((await table.update((pk, "a"), Add("n", 0.7)))["n"]) == "1"

    async def test_concurrent_additions_all_count(self, table: Table, pk: str) -> None:
        seen = await asyncio.gather(*(table.update((pk, "n"), Add("n", 1)) for _ in range(40)))

        assert sorted(item["n"] for item in seen if isinstance(item["n"], int)) == [*range(1, 41)]

    async def test_a_failed_update_carries_the_item_and_changes_nothing(
        self, table: Table, pk: str
    ) -> None:
        item: Item = {"pk": pk, "sk": "a", "version": 3}
        await table.write(Put(item))

        with pytest.raises(ConditionFailed) as caught:
            await table.update((pk, "a"), Set("x", 1), when=eq("version", 2))

        assert caught.value.old == item
        assert await table.get((pk, "a")) == item

    @pytest.mark.parametrize(
        ("condition", "holds"),
        [
            (Present("n"), True),
            (Absent("n"), False),
            (Absent("none"), True),
            (eq("n", 5), True),
            (eq("n", "5"), False),
            (eq("n", 5.0), True),
            (eq("flag", True), True),
            (eq("null", None), True),
            (eq("l", [1, {"a": b"b"}]), True),
            (eq("m", {"y": 2, "x": 1}), True),
            (eq("m", {"x": 1}), False),
            (eq("bytes", b"\xff"), True),
            (Compare("n", "<", 6), True),
            (Compare("n", "<", 5), False),
            (Compare("n", "<=", 5), True),
            (Compare("n", ">", 4.5), True),
            (Compare("n", ">=", 5.5), False),
            (Compare("text", "<", "é\uff5e"), False),
            (Compare("text", ">", "é\uff5e"), True),
            (Compare("bytes", ">", b"\xfe\xff"), True),
            (Compare("none", "<", 1), False),
            (~eq("none", 1), True),
            (Present("n") & ~eq("n", 4), True),
            (eq("n", 4) | eq("n", 5) & Present("text"), True),
            (~(eq("n", 5) | eq("n", 6)), False),
        ],
    )
    async def test_conditions(
        self, table: Table, pk: str, condition: Condition, holds: bool
    ) -> None:
        item = {"pk": pk, "sk": "a", **CONDITIONED}
        await table.write(Put(item))

        refused_for: Item | None = None
        try:
            await table.write(Delete((pk, "a"), when=condition))
        except ConditionFailed as failure:
            refused_for = failure.old

        assert refused_for == (None if holds else item)

    async def test_a_single_check_writes_nothing_but_may_fail(self, table: Table, pk: str) -> None:
        await table.write(Check((pk, "a"), NEW))
        with pytest.raises(ConditionFailed):
            await table.write(Check((pk, "a"), EXISTS))

        assert await table.get((pk, "a")) is None

    async def test_a_transaction_does_everything(self, table: Table, pk: str) -> None:
        await table.write(Put({"pk": pk, "sk": "b", "n": 1}), Put({"pk": pk, "sk": "c"}))

        await table.write(
            Put({"pk": pk, "sk": "a"}, when=NEW),
            Update((pk, "b"), (Add("n", 1),), when=EXISTS),
            Delete((pk, "c")),
            Check((pk, "d"), NEW),
        )

        page = await table.query(Query(pk))
        assert page.items == [{"pk": pk, "sk": "a"}, {"pk": pk, "sk": "b", "n": 2}]

    async def test_a_transaction_with_failed_conditions_names_them_and_does_nothing(
        self, table: Table, pk: str
    ) -> None:
        await table.write(Put({"pk": pk, "sk": "b", "n": 1}))

        with pytest.raises(TransactionFailed) as caught:
            await table.write(
                Put({"pk": pk, "sk": "a"}),
                Update((pk, "b"), (Add("n", 1),), when=eq("n", 2)),
                Check((pk, "c"), EXISTS),
            )

        assert caught.value.failed == {1: {"pk": pk, "sk": "b", "n": 1}, 2: None}
        assert (await table.query(Query(pk))).items == [{"pk": pk, "sk": "b", "n": 1}]

    async def test_bulk_writes_and_deletes_many(self, table: Table, pk: str) -> None:
        items: list[Item] = [{"pk": pk, "sk": f"{n:03}", "n": n} for n in range(60)]
        await table.bulk(puts=items)
        keys = [(pk, f"{n:03}") for n in range(0, 60, 2)]

        await table.bulk(puts=[{"pk": pk, "sk": "new"}], deletes=[*keys, keys[0]])

        left = await table.query(Query(pk))
        assert left.items == [*items[1::2], {"pk": pk, "sk": "new"}]

    async def test_one_read_answers_many_questions_in_order(self, table: Table, pk: str) -> None:
        items: list[Item] = [{"pk": pk, "sk": f"{n:03}"} for n in range(120)]
        await table.bulk(puts=items)
        gets = [Get((pk, f"{n:03}")) for n in range(119, -1, -1)]

        found = await table.read(
            Query(pk, limit=1), *gets, Get((pk, "x")), gets[0], Query(pk, begins="11")
        )

        assert found[1:121] == items[::-1]
        assert found[121:123] == [None, items[119]]
        pages = [page.items for page in (found[0], found[123]) if not isinstance(page, dict | None)]
        assert pages == [items[:1], items[110:]]

    async def test_no_questions_have_no_answers(self, table: Table) -> None:
        assert await table.read() == []

    async def test_an_update_beyond_the_size_limit_is_refused(self, table: Table, pk: str) -> None:
        await table.write(Put({"pk": pk, "sk": "a", "l": ["x" * 300_000]}))

        with pytest.raises(ItemTooLarge):
            await table.update((pk, "a"), Append("l", ["y" * 150_000]))
        with pytest.raises(ItemTooLarge):
            await table.write(
                Update((pk, "a"), (Append("l", ["y" * 150_000]),)), Put({"pk": pk, "sk": "b"})
            )

        assert (await table.get((pk, "a")) or {})["l"] == ["x" * 300_000]
        assert await table.get((pk, "b")) is None

    async def test_what_the_rules_refuse_is_refused_before_anything_happens(
        self, table: Table, pk: str
    ) -> None:
        with pytest.raises(InvalidOperation):
            await table.write(Put({"pk": pk, "sk": "a"}), Put({"pk": pk, "sk": "b", "ttl": "x"}))
        with pytest.raises(InvalidOperation):
            await table.bulk(puts=[{"pk": pk, "sk": "a"}, {"pk": pk, "sk": "\ud800"}])
        with pytest.raises(InvalidOperation):
            await table.update((pk, "a"), Set("x", "\udfff"), when=EXISTS)
        with pytest.raises(InvalidOperation):
            await table.get((pk, ""))

        assert (await table.query(Query(pk))).items == []


class ExactItemContract:
    """Corners that moto, unlike DynamoDB, gets wrong."""

    async def test_unlike_kinds_have_no_order(self, table: Table, pk: str) -> None:
        item: Item = {"pk": pk, "sk": "a", "n": 5, "text": "5"}
        await table.write(Put(item))

        for condition in (Compare("n", "<", "6"), Compare("text", ">=", 0), Compare("n", ">", b"")):
            with pytest.raises(ConditionFailed):
                await table.write(Delete((pk, "a"), when=condition))

    async def test_true_is_not_one(self, table: Table, pk: str) -> None:
        item: Item = {"pk": pk, "sk": "a", "flag": True, "l": [1]}
        await table.write(Put(item))

        for condition in (eq("flag", 1), eq("l", [True]), eq("l", [1, 1])):
            with pytest.raises(ConditionFailed):
                await table.write(Delete((pk, "a"), when=condition))

    async def test_a_name_within_a_map_may_be_empty(self, table: Table, pk: str) -> None:
        item: Item = {"pk": pk, "sk": "a", "map": {"": [], "k": {"": b"x"}}}

        await table.write(Put(item))

        assert await table.get((pk, "a")) == item

    async def test_an_item_of_exactly_the_limit_is_stored(self, table: Table, pk: str) -> None:
        rest = MAX_ITEM_BYTES - len("pk") - len(pk) - len("sk") - len("a") - len("text")
        item: Item = {"pk": pk, "sk": "a", "text": "x" * rest}

        await table.write(Put(item))

        assert await table.get((pk, "a")) == item
        with pytest.raises(ItemTooLarge):
            await table.write(Put({**item, "text": "x" * (rest + 1)}))


class TypedChangesContract:
    """What ministack accepts, unlike DynamoDB; the fuzz compares it with dynoxide."""

    async def test_changes_that_do_not_suit_the_value_are_refused(
        self, table: Table, pk: str
    ) -> None:
        item: Item = {"pk": pk, "sk": "a", "text": "t", "n": 1}
        await table.write(Put(item))

        with pytest.raises(InvalidOperation):
            await table.update((pk, "a"), Append("n", [1]))
        with pytest.raises(InvalidOperation):
            await table.update((pk, "a"), Set("x", 1), Append("text", [1]))

        assert await table.get((pk, "a")) == item
