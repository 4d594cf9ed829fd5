"""Event logs: any number of readers, each sees every frame once and in order."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smriti.realtime.broker import Behind
from smriti.realtime.memory import BATCH_BYTES, KEPT_S, LOG_BYTES, MemoryLog, MemoryLogs
from smriti.realtime.sse import data_frame, follow, numbered


async def read_all(log: MemoryLog) -> list[bytes]:
    frames: list[bytes] = []
    last, ended = 0, False
    while not ended:
        batch = await log.read(last, wait_s=5)
        frames += batch.frames
        last, ended = batch.last, batch.ended
    return frames


@given(st.lists(st.one_of(st.binary(min_size=1, max_size=8), st.none()), max_size=40))
async def test_every_reader_gets_every_frame_in_order(steps: list[bytes | None]) -> None:
    log = MemoryLog()
    readers = [asyncio.create_task(read_all(log))]
    for step in steps:
        if step is None:
            readers.append(asyncio.create_task(read_all(log)))
            await asyncio.sleep(0)
        else:
            log.append(step)
    log.end()

    expected = [step for step in steps if step is not None]
    assert await asyncio.gather(*readers) == [expected] * len(readers)


async def test_frames_that_came_together_are_read_together() -> None:
    log = MemoryLog()
    log.append(b"a")
    log.append(b"b")

    batch = await log.read(0, wait_s=5)

    assert (batch.frames, batch.last, batch.ended) == ([b"a", b"b"], 2, False)


async def test_a_reader_that_waited_long_enough_is_told_that_nothing_happened() -> None:
    batch = await MemoryLog().read(0, wait_s=0.001)

    assert (list(batch.frames), batch.last, batch.ended) == ([], 0, False)


async def test_a_log_keeps_its_newest_frames_and_tells_a_reader_that_is_too_late() -> None:
    log = MemoryLog()
    frame = b"x" * (LOG_BYTES // 8)
    for _ in range(10):
        log.append(frame, text="word ")

    with pytest.raises(Behind) as behind:
        await log.read(0, wait_s=1)
    assert behind.value.text == "word " * behind.value.last
    batch = await log.read(9, wait_s=1)
    assert list(batch.frames) == [frame]


async def test_a_silent_stream_is_kept_alive_by_comments_of_their_own() -> None:
    log = MemoryLog()
    stream = follow(log, keep_alive_s=0.001)

    assert await anext(stream) == b": keep-alive\n\n"
    log.append(data_frame({"a": 1}))
    log.end()

    rest = [chunk async for chunk in stream]
    assert b'data: {"a":1}\n\n' in rest
    assert all(chunk.endswith(b"\n\n") for chunk in rest)


async def test_a_reader_that_fell_behind_is_told_to_attach_again() -> None:
    log = MemoryLog()
    for _ in range(3):
        log.append(b"x" * LOG_BYTES)

    chunks = [chunk async for chunk in follow(log, keep_alive_s=15)]

    assert chunks == [b": too far behind, attach again\n\n"]


async def test_a_reader_far_behind_gets_its_frames_in_portions() -> None:
    log = MemoryLog()
    for _ in range(4):
        log.append(b"x" * (BATCH_BYTES // 2 + 1))
    log.end()

    first = await log.read(0, wait_s=1)
    second = await log.read(first.last, wait_s=1)

    assert (first.last, first.ended) == (2, False)
    assert (second.last, second.ended) == (4, True)


async def test_the_frames_of_an_attempt_are_numbered_from_where_it_begins() -> None:
    log = MemoryLog(at=1_000_000)
    log.append(b"data: a\n\n")
    log.append(b"data: b\n\n")
    log.end()

    whole = [chunk async for chunk in follow(log, 17, keep_alive_s=15, form=numbered)]
    rest = [chunk async for chunk in follow(log, 1_000_001, keep_alive_s=15, form=numbered)]

    assert whole == [b"id: 1000001\ndata: a\n\nid: 1000002\ndata: b\n\n"]
    assert rest == [b"id: 1000002\ndata: b\n\n"]


async def test_a_log_is_kept_for_ten_minutes_after_its_end() -> None:
    now = [0.0]
    logs = MemoryLogs(clock=lambda: now[0])
    ended, running = logs.open("ended"), logs.open("running")
    ended.end()

    now[0] = KEPT_S - 1
    kept = logs.find("ended")
    now[0] = KEPT_S + 1

    assert kept is ended
    assert logs.find("ended") is None
    assert logs.find("running") is running


async def test_an_attempt_that_was_overtaken_does_not_take_the_new_log_away() -> None:
    now = [0.0]
    logs = MemoryLogs(clock=lambda: now[0])
    first = logs.open("turn")
    second = logs.open("turn", at=1_000_000)
    first.end()
    now[0] = KEPT_S + 1

    assert logs.find("turn") is second
