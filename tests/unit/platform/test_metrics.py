"""Metrics as Prometheus reads them."""

from __future__ import annotations

from portico_server.platform.telemetry import Metrics, process

PUT = "/portico.objects.v1.ObjectService/PutObject"


def test_calls_are_counted_by_method_and_code() -> None:
    metrics = Metrics()
    for code in (0, 0, 5):
        metrics.finished(PUT, code, 1000)

    lines = metrics.render().splitlines()

    assert f'portico_calls_total{{method="{PUT}",code="OK"}} 2' in lines
    assert f'portico_calls_total{{method="{PUT}",code="NOT_FOUND"}} 1' in lines


def test_durations_fall_into_cumulative_buckets() -> None:
    metrics = Metrics()
    for milliseconds in (0.1, 0.5, 3, 60_000):
        metrics.finished(PUT, 0, int(milliseconds * 1e6))

    lines = metrics.render().splitlines()

    def bucket(bound: str) -> str:
        return f'portico_call_duration_seconds_bucket{{method="{PUT}",le="{bound}"}}'

    for bound, count in {"0.0005": 2, "0.001": 2, "0.005": 3, "10.0": 3, "+Inf": 4}.items():
        assert f"{bucket(bound)} {count}" in lines
    assert f'portico_call_duration_seconds_count{{method="{PUT}"}} 4' in lines
    assert f'portico_call_duration_seconds_sum{{method="{PUT}"}} 60.003600000' in lines


def test_gauges_are_read_at_each_scrape() -> None:
    metrics = Metrics()
    value = 1.0
    metrics.gauge("calls_waiting", "Calls that wait.", lambda: value)
    assert "portico_calls_waiting 1\n" in metrics.render()

    value = 2.5

    assert "# TYPE portico_calls_waiting gauge\nportico_calls_waiting 2.5\n" in metrics.render()


def test_every_metric_is_described_once_and_the_text_ends_with_a_line_feed() -> None:
    metrics = Metrics()
    metrics.finished(PUT, 0, 1)
    metrics.finished("/other", 0, 1)
    text = metrics.render()

    described = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert sorted(described) == ["portico_call_duration_seconds", "portico_calls_total"]
    assert text.endswith("\n")


def test_large_values_are_told_to_the_last_digit() -> None:
    metrics = Metrics()
    metrics.counter("bytes_total", "Bytes.", lambda: 123_456_789_012)

    assert "# TYPE portico_bytes_total counter\nportico_bytes_total 123456789012\n" in metrics.render()


def test_the_process_tells_what_it_takes() -> None:
    metrics = Metrics()
    process.add_to(metrics)

    values = dict(line.split() for line in metrics.render().splitlines() if not line.startswith("#"))

    assert 1e6 < float(values["portico_resident_memory_bytes"]) < 1e11
    assert 0 < float(values["portico_cpu_seconds_total"]) < 1e6
