"""Counters and timings."""

from smriti.observability.metrics import Metrics


def _lines(metrics: Metrics) -> list[str]:
    return metrics.text().decode().splitlines()


def test_a_request_is_counted_by_its_template() -> None:
    metrics = Metrics()

    metrics.request_finished(method="GET", route="/agents/{agent_id}", status=200, seconds=0.02)

    lines = _lines(metrics)
    labels = 'method="GET",route="/agents/{agent_id}"'
    assert f'smriti_requests_total{{{labels},status="200"}} 1.0' in lines
    assert f"smriti_request_seconds_sum{{{labels}}} 0.02" in lines


def test_labels_cannot_be_invented_by_callers() -> None:
    metrics = Metrics(native_tools=["core_memory_append"])

    metrics.request_finished(method="BREW", route=None, status=404, seconds=0.0)
    metrics.tool_called("core_memory_append", success=True)
    metrics.tool_called("anything", success=False)

    lines = _lines(metrics)
    assert 'smriti_requests_total{method="other",route="unmatched",status="404"} 1.0' in lines
    assert 'smriti_tool_calls_total{outcome="ok",tool="core_memory_append"} 1.0' in lines
    assert 'smriti_tool_calls_total{outcome="failed",tool="other"} 1.0' in lines


def test_a_turn_is_counted_and_timed() -> None:
    metrics = Metrics()

    metrics.turn_started()
    metrics.first_token_seen(seconds=0.2)
    metrics.tokens_used("output", 32)
    metrics.turn_finished("complete", seconds=1.5)
    metrics.turn_spent(steps=2, tools_s=0.25, cost=0.5)
    metrics.turn_spent(steps=1, tools_s=0.0, cost=None)

    lines = _lines(metrics)
    assert "smriti_turns_started_total 1.0" in lines
    assert 'smriti_turns_finished_total{outcome="complete"} 1.0' in lines
    assert "smriti_turn_seconds_sum 1.5" in lines
    assert "smriti_first_token_seconds_sum 0.2" in lines
    assert 'smriti_tokens_total{kind="output"} 32.0' in lines
    assert "smriti_steps_total 3.0" in lines
    assert "smriti_tools_seconds_total 0.25" in lines
    assert "smriti_cost_dollars_total 0.5" in lines


def test_the_process_itself_is_measured() -> None:
    text = Metrics().text()

    assert b"process_resident_memory_bytes" in text
    assert b"process_cpu_seconds_total" in text


def test_two_apps_do_not_share_their_counters() -> None:
    first, second = Metrics(), Metrics()

    first.turn_started()

    assert "smriti_turns_started_total 0.0" in _lines(second)


def test_searches_and_their_indexes_are_counted() -> None:
    metrics = Metrics()

    metrics.searched()
    metrics.index_built(seconds=0.5)
    metrics.index_bytes(1234)
    metrics.index_evicted()

    assert {
        "smriti_searches_total 1.0",
        "smriti_index_build_seconds_sum 0.5",
        "smriti_index_bytes 1234.0",
        "smriti_index_evictions_total 1.0",
    } <= set(_lines(metrics))
