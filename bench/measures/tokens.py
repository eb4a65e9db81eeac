"""Tokens: how many a second are issued, exchanged and introspected over OAuth 2.0, and what signing and verifying
cost."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from bench.candidates import Endpoint
from bench.context import Bench
from bench.credentials import PRINCIPAL, Credentials
from bench.measure import CPU, Figures, interleave
from bench.processes import cpu_seconds
from bench.report import Section, Table
from portico_server.platform.keyring import Keyring

NOTE = (
    "Forms over HTTP/1.1, 8 connections, each with one request at a time, from one process of Python, which shares"
    " the machine: a lower bound. Beside it what the platform's keyring needs for a signature alone, with nothing"
    " around it."
)
CONNECTIONS = 8
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


def measure(bench: Bench) -> Section:
    portico = bench.portico()
    client = {"client_id": PRINCIPAL}
    token = _ask(portico, "/oauth2/token", {**client, "grant_type": "client_credentials"})["access_token"]
    forms = {
        "issue": ("/oauth2/token", {**client, "grant_type": "client_credentials"}),
        "exchange": (
            "/oauth2/token",
            {**client, "grant_type": EXCHANGE, "subject_token": token, "subject_token_type": ACCESS_TOKEN},
        ),
        "introspect": ("/oauth2/introspect", {**client, "token": token}),
        "introspect what is none": ("/oauth2/introspect", {**client, "token": "a.b.c"}),
    }
    rounds = interleave(
        {name: partial(_under_load, portico, path, form, bench.seconds) for name, (path, form) in forms.items()},
        bench.rounds,
    )
    rows = [
        [
            name,
            f"{rounds.median(name, 'calls_per_second'):,.0f}",
            f"{rounds.median(name, 'p50_us') / 1e3:.2f}",
            f"{rounds.median(name, CPU):.0f}",
        ]
        for name in forms
    ]
    rows += [[name, "", "", f"{cost_us:.0f}"] for name, cost_us in _bare(bench).items()]
    return Section(NOTE, Table(("", "a second", "p50 ms", "CPU us each"), rows), [])


def _bare(bench: Bench) -> dict[str, float]:
    settings = bench.settings
    keyring = Keyring.open(settings.data, settings.trust_domain, settings.hostnames)
    sign = partial(keyring.sign_token, PRINCIPAL, client_id="bench", lifetime_seconds=60)
    return {"a signature": _cost_us(sign), "its verification": _cost_us(partial(keyring.has_signed, sign()))}


def _cost_us(work: Callable[[], object], times: int = 500) -> float:
    start = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - start) / times * 1e6


def _under_load(endpoint: Endpoint, path: str, form: dict[str, str], seconds: float) -> Figures:
    body, times_us, end = urlencode(form), list[float](), time.monotonic() + seconds

    def send() -> None:
        connection = _connect(endpoint)
        while (start := time.monotonic()) < end:
            _answer(connection, path, body)
            times_us.append((time.monotonic() - start) * 1e6)
        connection.close()

    processes = endpoint.processes()
    before = sum(map(cpu_seconds, processes.values()))
    threads = [threading.Thread(target=send) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = sum(map(cpu_seconds, processes.values())) - before
    times_us.sort()
    return {
        "calls_per_second": len(times_us) / seconds,
        "p50_us": times_us[len(times_us) // 2],
        CPU: spent / len(times_us) * 1e6,
    }


def _ask(endpoint: Endpoint, path: str, form: dict[str, str]) -> dict[str, str]:
    answer: dict[str, str] = json.loads(_answer(_connect(endpoint), path, urlencode(form)))
    return answer


def _answer(connection: http.client.HTTPSConnection, path: str, body: str) -> bytes:
    connection.request("POST", path, body, {"content-type": "application/x-www-form-urlencoded"})
    response = connection.getresponse()
    content = response.read()
    if response.status != 200:
        raise RuntimeError(f"{path}: HTTP {response.status}: {content!r}")
    return content


def _connect(endpoint: Endpoint) -> http.client.HTTPSConnection:
    files: Credentials = endpoint.credentials
    context = ssl.create_default_context(cafile=Path(files.authority))
    context.load_cert_chain(files.client_certificate, files.client_key)
    return http.client.HTTPSConnection("127.0.0.1", endpoint.port, context=context, timeout=60)
