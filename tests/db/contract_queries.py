"""What every engine answers to queries. A subclass brings the `table` and a fresh `pk`."""

from dataclasses import replace

import pytest

from smriti.core.clock import unix_now
from smriti.db.position import position_of
from smriti.db.table import (
    EXISTS,
    TTL,
    Get,
    InvalidOperation,
    InvalidPosition,
    Item,
    ItemPage,
    Put,
    Query,
    Remove,
    Set,
    Table,
)

SORT_KEYS = ["A", "A#", "A#1", "A#é", "A#\uff5e", "A#😀", "A#\U0010ffff", "A$", "B"]


async def filled(table: Table, pk: str) -> None:
    await table.bulk(puts=[{"pk": pk, "sk": sk} for sk in SORT_KEYS])


async def pages(table: Table, query: Query) -> list[list[str]]:
    """The sort keys of the base table, page by page, to the end."""
    found: list[list[str]] = []
    after = query.after
    while True:
        page = await table.query(replace(query, after=after))
        found.append([str(item["sk"]) for item in page.items])
        after = page.next
        if after is None:
            return found


async def keys(table: Table, query: Query) -> list[str]:
    return [key for page in await pages(table, query) for key in page]


class QueryContract:
    async def test_a_partition_is_ordered_by_utf8_bytes(self, table: Table, pk: str) -> None:
        await filled(table, pk)
        await table.write(Put({"pk": f"{pk}x", "sk": "A"}))

        assert await keys(table, Query(pk)) == SORT_KEYS
        assert await keys(table, Query(pk, newest_first=True)) == SORT_KEYS[::-1]

    @pytest.mark.parametrize("newest_first", [False, True])
    @pytest.mark.parametrize(
        ("prefix", "found"),
        [
            ("A", SORT_KEYS[:8]),
            ("A#", SORT_KEYS[1:7]),
            ("A#\U0010ffff", SORT_KEYS[6:7]),
            ("\U0010ffff", []),
            ("C", []),
        ],
    )
    async def test_a_prefix_finds_what_begins_with_it(
        self, table: Table, pk: str, prefix: str, found: list[str], newest_first: bool
    ) -> None:
        await filled(table, pk)

        answer = await keys(table, Query(pk, begins=prefix, newest_first=newest_first))

        assert answer == (found[::-1] if newest_first else found)

    async def test_a_prefix_may_end_before_the_surrogates(self, table: Table, pk: str) -> None:
        await table.bulk(puts=[{"pk": pk, "sk": sk} for sk in ("\ud7ff", "\ud7ffa", "\ue000")])

        assert await keys(table, Query(pk, begins="\ud7ff")) == ["\ud7ff", "\ud7ffa"]

    async def test_a_range_has_both_its_ends(self, table: Table, pk: str) -> None:
        await filled(table, pk)

        assert await keys(table, Query(pk, between=("A#1", "A#😀"))) == SORT_KEYS[2:6]
        assert await keys(table, Query(pk, between=("A$", "A$"), newest_first=True)) == ["A$"]
        assert await keys(table, Query(pk, between=("A0", "A9"))) == []

    @pytest.mark.parametrize("limit", [1, 2, 4, 9, 10])
    @pytest.mark.parametrize("newest_first", [False, True])
    @pytest.mark.parametrize(
        "query", [Query("p"), Query("p", begins="A#"), Query("p", between=("A#1", "B"))]
    )
    async def test_pages_join_without_gap_or_repetition(
        self, table: Table, pk: str, query: Query, limit: int, newest_first: bool
    ) -> None:
        await filled(table, pk)
        whole = await keys(table, replace(query, pk=pk, newest_first=newest_first))

        paged = await pages(table, replace(query, pk=pk, limit=limit, newest_first=newest_first))

        assert [key for page in paged for key in page] == whole
        assert all(len(page) <= limit for page in paged)

    async def test_a_position_may_be_made_from_any_item(self, table: Table, pk: str) -> None:
        await filled(table, pk)
        after = position_of({"pk": pk, "sk": "A#é"})

        assert await keys(table, Query(pk, after=after)) == SORT_KEYS[4:]
        assert await keys(table, Query(pk, after=after, newest_first=True)) == SORT_KEYS[2::-1]

    async def test_a_position_leads_into_no_other_partition(self, table: Table, pk: str) -> None:
        await filled(table, pk)
        await table.write(Put({"pk": f"{pk}2", "sk": "Z"}))

        after = position_of({"pk": f"{pk}2", "sk": "A$"})

        assert await keys(table, Query(pk, after=after)) == ["B"]

    @pytest.mark.parametrize("after", ["", "x", "é", "\ud800", "W10", "WzFd", "bm9uc2Vuc2U"])
    async def test_a_broken_position_is_refused(self, table: Table, pk: str, after: str) -> None:
        with pytest.raises(InvalidPosition):
            await table.query(Query(pk, after=after))

    async def test_a_page_ends_at_a_megabyte(self, table: Table, pk: str) -> None:
        body = "x" * 300_000
        await table.bulk(puts=[{"pk": pk, "sk": str(n), "body": body} for n in range(5)])

        paged = await pages(table, Query(pk))

        assert [key for page in paged for key in page] == ["0", "1", "2", "3", "4"]
        assert len(paged[0]) in (3, 4)

    async def test_expired_items_are_hidden_but_still_there(self, table: Table, pk: str) -> None:
        now = unix_now()
        alive: Item = {"pk": pk, "sk": "b", TTL: now + 1000}
        await table.bulk(puts=[{"pk": pk, "sk": "a", TTL: now - 5}, alive])

        page = ItemPage([alive])
        assert await table.get((pk, "a")) is None
        assert await table.query(Query(pk)) == page
        assert await table.read(Get((pk, "a")), Get((pk, "b")), Query(pk)) == [None, alive, page]
        assert await table.update((pk, "a"), Remove(TTL), when=EXISTS) == {"pk": pk, "sk": "a"}
        assert await table.get((pk, "a")) == {"pk": pk, "sk": "a"}

    async def test_the_index_finds_items_that_have_both_its_keys(
        self, table: Table, pk: str
    ) -> None:
        first: Item = {"pk": f"{pk}1", "sk": "a", "gsi2_pk": pk, "gsi2_sk": "k1"}
        second: Item = {"pk": f"{pk}2", "sk": "a", "gsi2_pk": pk, "gsi2_sk": "k2", "x": b"y"}
        half: Item = {"pk": f"{pk}3", "sk": "a", "gsi2_pk": pk}
        await table.bulk(puts=[second, half, first])

        assert (await table.query(Query(pk, index=True))).items == [first, second]
        back = Query(pk, begins="k", newest_first=True, index=True)
        assert (await table.query(back)).items == [second, first]
        assert (await table.query(Query(pk, between=("k2", "k3"), index=True))).items == [second]
        assert (await table.query(Query(pk))).items == []

    async def test_an_item_moves_within_the_index_and_leaves_it(
        self, table: Table, pk: str
    ) -> None:
        await table.write(Put({"pk": pk, "sk": "a", "gsi2_pk": pk, "gsi2_sk": "k1"}))

        moved = await table.update((pk, "a"), Set("gsi2_pk", f"{pk}2"))
        assert (await table.query(Query(pk, index=True))).items == []
        assert (await table.query(Query(f"{pk}2", index=True))).items == [moved]

        await table.update((pk, "a"), Remove("gsi2_sk"))
        assert (await table.query(Query(f"{pk}2", index=True))).items == []

    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 20])
    @pytest.mark.parametrize("newest_first", [False, True])
    async def test_index_pages_join_even_among_equal_keys(
        self, table: Table, pk: str, limit: int, newest_first: bool
    ) -> None:
        items: list[Item] = [
            {"pk": f"{pk}{n % 3}", "sk": f"s{n}", "gsi2_pk": pk, "gsi2_sk": f"k{n // 4}"}
            for n in range(12)
        ]
        await table.bulk(puts=items)
        query = Query(pk, limit=limit, index=True, newest_first=newest_first)

        found: list[Item] = []
        page = await table.query(query)
        found += page.items
        while page.next is not None:
            page = await table.query(replace(query, after=page.next))
            found += page.items

        order = [str(item["gsi2_sk"]) for item in found]
        assert order == sorted(order, reverse=newest_first)
        assert sorted(str(item["sk"]) for item in found) == sorted(str(i["sk"]) for i in items)

    async def test_a_scan_shows_everything_even_what_has_expired(
        self, table: Table, pk: str
    ) -> None:
        items: list[Item] = [{"pk": f"{pk}{n % 2}", "sk": str(n), TTL: 1} for n in range(7)]
        await table.bulk(puts=items)

        found: list[Item] = []
        after: str | None = None
        while True:
            page = await table.scan(after=after, limit=3)
            found += [item for item in page.items if str(item["pk"]).startswith(pk)]
            after = page.next
            if after is None:
                break

        assert sorted(found, key=lambda item: str(item["sk"])) == items

    async def test_queries_against_the_rules_are_refused(self, table: Table, pk: str) -> None:
        for query in (
            Query(""),
            Query(pk, limit=0),
            Query(pk, begins="a", between=("a", "b")),
            Query(pk, between=("b", "a")),
            Query(pk, between=("", "a")),
            Query(pk, begins="\ud800"),
        ):
            with pytest.raises(InvalidOperation):
                await table.query(query)
        with pytest.raises(InvalidOperation):
            await table.scan(limit=0)
