"""Event logs: any number of readers, each sees every frame once and in order."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smriti.realtime.broker import Behind
from smriti.realtime.memory import LOG_BYTES, MemoryLog
from smriti.realtime.sse import data_frame, sse_response


async def read_all(log: MemoryLog) -> list[bytes]:
    frames: list[bytes] = []
    position, ended = 0, False
    while not ended:
        batch = await log.read(position, wait_s=5)
        frames += batch.frames
        position, ended = batch.position, batch.ended
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

    assert (batch.frames, batch.position, batch.ended) == ([b"a", b"b"], 2, False)


async def test_a_reader_that_waited_long_enough_is_told_that_nothing_happened() -> None:
    batch = await MemoryLog().read(0, wait_s=0.001)

    assert (list(batch.frames), batch.position, batch.ended) == ([], 0, False)


async def test_a_log_keeps_its_newest_frames_and_tells_a_reader_that_is_too_late() -> None:
    log = MemoryLog()
    frame = b"x" * (LOG_BYTES // 8)
    for _ in range(10):
        log.append(frame)

    with pytest.raises(Behind):
        await log.read(0, wait_s=1)
    batch = await log.read(9, wait_s=1)
    assert list(batch.frames) == [frame]


async def test_a_silent_stream_is_kept_alive_by_comments_of_their_own() -> None:
    log = MemoryLog()
    stream = sse_response(log, keep_alive_s=0.001).body_iterator.__aiter__()

    assert await anext(stream) == b": keep-alive\n\n"
    log.append(data_frame({"a": 1}))
    log.end()

    rest = [chunk async for chunk in stream]
    assert b'data: {"a":1}\n\n' in rest
    assert all(chunk.endswith(b"\n\n") for chunk in rest if isinstance(chunk, bytes))


async def test_a_reader_that_fell_behind_is_told_to_attach_again() -> None:
    log = MemoryLog()
    for _ in range(3):
        log.append(b"x" * LOG_BYTES)

    chunks = [chunk async for chunk in sse_response(log, keep_alive_s=15).body_iterator]

    assert chunks == [b": too far behind, attach again\n\n"]
