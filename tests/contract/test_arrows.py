"""Dependencies point one way, files stay small, and each product has the standard shape."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract import arrows

ROOT = Path(__file__).resolve().parents[2]
SERVERS = ROOT / "servers"
PRODUCTS = arrows.products_of(SERVERS)
CONTRACTS = frozenset(path.name for path in (ROOT / "gen" / "portico").iterdir() if path.is_dir())
MAX_LINES = 500


def test_the_servers_parts_import_only_what_stands_below_them() -> None:
    assert list(arrows.wrong_server_imports(SERVERS, CONTRACTS)) == []


@pytest.mark.parametrize("client", ["python", "cli"])
def test_clients_do_not_import_the_server(client: str) -> None:
    assert list(arrows.wrong_client_imports(ROOT / "clients" / client)) == []


def test_generated_code_imports_nothing_of_ours() -> None:
    assert list(arrows.wrong_generated_imports(ROOT / "gen")) == []


def test_platform_host_and_gateway_name_no_product() -> None:
    assert list(arrows.products_named(SERVERS)) == []


def test_there_is_a_product() -> None:
    assert PRODUCTS


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_product_has_the_standard_files(product: str) -> None:
    assert list(arrows.missing_files(SERVERS / "portico_server" / product)) == []


def test_no_file_is_long() -> None:
    folders = ("servers", "clients", "proto", "tests", "bench")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py") if "gen" not in path.parts]
    long = {
        str(path.relative_to(ROOT)): count
        for path in files
        if (count := len(path.read_text().splitlines())) > MAX_LINES
    }
    assert long == {}


@pytest.mark.parametrize("product", PRODUCTS)
def test_the_migrations_of_a_product_are_numbered_without_a_gap(product: str) -> None:
    """Those of two branches may have taken the same number."""
    files = sorted(path.name for path in (SERVERS / "portico_server" / product / "migrations").glob("*.sql"))
    assert [name[:4] for name in files] == [f"{number:04}" for number in range(1, len(files) + 1)]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A small house with products `a` and `b`."""
    for name in ("platform", "host", "gateway", "a", "b"):
        (tmp_path / "portico_server" / name).mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize(
    ("module", "code", "why"),
    [
        ("platform/x", "import portico_server.host.y", "platform may import"),
        ("platform/x", "from portico_server import registry", "platform may import"),
        ("platform/x", "from ..gateway import y", "platform may import"),
        ("host/x", "from portico_server.gateway import y", "host may import"),
        ("host/x", "from portico.a.v1 import a_pb2", "host names no product"),
        ("gateway/x", "def f():\n    from portico_server.a import PRODUCT", "gateway may import"),
        (
            "gateway/x",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import portico_server.b.c",
            "gateway may import",
        ),
        ("gateway/x", "from portico_server import app", "gateway may import"),
        ("a/x", "from portico_server.b.y import z", "a may import"),
        ("a/x", "from portico.client import Portico", "not the SDK"),
        ("a/x", "import portico_cli", "never import their clients"),
        ("app", "from portico_server.a.store import Store", "take PRODUCT"),
    ],
)
def test_an_arrow_the_wrong_way_is_found(house: Path, module: str, code: str, why: str) -> None:
    (house / "portico_server" / f"{module}.py").write_text(code)
    (finding,) = arrows.wrong_server_imports(house, frozenset({"a", "b", "options"}))
    assert why in finding


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("platform/x", "from portico.options.v1 import options_pb2"),
        ("host/x", "from portico_server.platform import y"),
        (
            "a/x",
            "from portico_server.platform.y import z\nfrom portico_server.a import y\nfrom portico.b.v1 import b_pb2",
        ),
        ("a/__init__", "from .y import z"),
        (
            "app",
            "from portico_server.host import y\nfrom portico_server.a import PRODUCT\nimport portico_server.registry",
        ),
    ],
)
def test_an_arrow_the_right_way_is_let_be(house: Path, module: str, code: str) -> None:
    (house / "portico_server" / f"{module}.py").write_text(code)
    assert list(arrows.wrong_server_imports(house, frozenset({"a", "b", "options"}))) == []


@pytest.mark.parametrize(
    ("module", "code", "why"),
    [
        ("portico/x", "def f():\n    import portico_server.host", "the SDK stands alone"),
        ("portico_cli/x", "def f():\n    import portico_server.objects", "the command line uses"),
        ("portico_cli/x", "import portico_server.host.supervisor", "in the function"),
    ],
)
def test_a_client_that_imports_the_server_is_found(tmp_path: Path, module: str, code: str, why: str) -> None:
    (tmp_path / module).parent.mkdir(parents=True)
    (tmp_path / f"{module}.py").write_text(code)
    (finding,) = arrows.wrong_client_imports(tmp_path)
    assert why in finding


def test_the_command_line_may_administer_a_platform_here(tmp_path: Path) -> None:
    (tmp_path / "portico_cli").mkdir()
    (tmp_path / "portico_cli" / "up.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from portico_server.host.supervisor import Announcement\n"
        "def up():\n    from portico_server.platform.settings import load\n"
        "def load():\n    from portico_server.platform import settings\n"
    )
    assert list(arrows.wrong_client_imports(tmp_path)) == []


def test_a_product_named_in_code_is_found_and_in_prose_is_not(house: Path) -> None:
    (house / "portico_server/gateway/x.py").write_text(
        '"""As portico.a.v1 does."""\nPATH = "/portico.a.v1.AService/Get"\n'
    )
    assert list(arrows.products_named(house)) == ["portico_server/gateway/x.py:2 names a"]


def test_a_product_without_its_standard_files_is_found(house: Path) -> None:
    product = house / "portico_server" / "a"
    assert len(list(arrows.missing_files(product))) == len(arrows.STANDARD_FILES)
    (product / "migrations").mkdir()
    for name in ("__init__.py", "thing_service.py", "store.py", "migrations/0001_first.sql"):
        (product / name).touch()
    assert list(arrows.missing_files(product)) == ["a lacks errors.py, its exceptions and their table"]
