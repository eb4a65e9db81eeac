"""The metrics of several processes as one text."""

from __future__ import annotations

from portico_server.host.supervisor.exposition import merged

FRONT = """\
# HELP portico_calls_total Finished calls.
# TYPE portico_calls_total counter
portico_calls_total{method="/a",code="OK"} 2
# HELP portico_calls_in_flight Calls that are being served.
# TYPE portico_calls_in_flight gauge
portico_calls_in_flight 1
"""


def test_each_family_is_told_once_and_each_sample_says_of_which_process_it_is() -> None:
    assert merged({"front": FRONT, "objects": FRONT.replace(" 2", " 3"), "down": ""}) == (
        "# HELP portico_calls_total Finished calls.\n"
        "# TYPE portico_calls_total counter\n"
        'portico_calls_total{process="front",method="/a",code="OK"} 2\n'
        'portico_calls_total{process="objects",method="/a",code="OK"} 3\n'
        "# HELP portico_calls_in_flight Calls that are being served.\n"
        "# TYPE portico_calls_in_flight gauge\n"
        'portico_calls_in_flight{process="front"} 1\n'
        'portico_calls_in_flight{process="objects"} 1\n'
    )
