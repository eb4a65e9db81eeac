"""What Envoy's counters say of connections."""

from __future__ import annotations

from portico_server.host.supervisor.connections import door, upstreams_in


def test_counters_that_envoy_does_not_have_yet_are_none() -> None:
    told = door("front", {"stats": [{"name": "http.api.downstream_cx_active", "value": 2}, {"histograms": {}}]})

    assert (told.process, told.connections, told.calls, told.failed_handshakes) == ("front", 2, 0, 0)


def test_handshakes_fail_in_several_ways() -> None:
    counters = {
        "http.api.downstream_rq_rx_reset": 4,
        "listener.127.0.0.1_8443.ssl.connection_error": 1,
        "listener.127.0.0.1_8443.ssl.fail_verify_error": 2,
        "listener.127.0.0.1_8443.ssl.fail_verify_no_cert": 8,
    }
    told = door("front", {"stats": [{"name": name, "value": value} for name, value in counters.items()]})

    assert (told.reset_calls, told.failed_handshakes) == (4, 3)


def test_an_endpoint_that_is_given_no_calls_says_why() -> None:
    hosts = [
        {
            "address": {"pipe": {"path": "../objects/door.sock"}},
            "health_status": {"eds_health_status": "HEALTHY"},
            "stats": [{"name": "cx_active", "value": "3"}, {"name": "rq_active"}, {"name": "rq_error", "value": "7"}],
        },
        {
            "address": {"socket_address": {"address": "192.0.2.7", "port_value": 8444}},
            "health_status": {"failed_active_health_check": True, "failed_outlier_check": True},
        },
    ]
    first, second = upstreams_in("front", {"cluster_statuses": [{"name": "objects", "host_statuses": hosts}]})

    assert (first.endpoint, first.health) == ("unix:../objects/door.sock", "HEALTHY")
    assert (first.connections, first.calls, first.failed_calls) == (3, 0, 7)
    assert (second.endpoint, second.health) == ("192.0.2.7:8444", "active_health_check, outlier_check")
