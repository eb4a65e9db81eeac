"""Which part of the house may import which: reads every import by the syntax tree, yields those that go the wrong way.

The arrows are drawn in ARCHITECTURE.md, "Layout and dependencies". Imports in functions and for types only count too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LAYERS = ("platform", "host", "gateway")
"""Folders of servers/portico_server that are no product."""

CLI_USES = ("portico_server.host.supervisor", "portico_server.maintenance", "portico_server.platform.settings")
"""What the command line may use of the server, to administer a platform here."""

ROOT_MODULES = ("app", "maintenance", "registry")
"""The composition roots, of what serves and of what administers, and the registry, which alone names products."""

SHARED_CONTRACTS = {"options", "_buf", "gateway"}
"""Contracts that are no product's."""


@dataclass(frozen=True)
class Import:
    """One name of one import statement: who imports what, and whether at once or not before a function runs."""

    path: Path
    line: int
    importer: str
    imported: str
    lazy: bool


def imports(sources: Path) -> Iterator[Import]:
    """Every import of every module below `sources`, a folder as it would stand on Python's path."""
    for path in sorted(sources.rglob("*.py")):
        parts = path.relative_to(sources).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        package = module if parts[-1] == "__init__" else module.rpartition(".")[0]
        for node, lazy in _statements(ast.parse(path.read_text(), str(path)), lazy=False):
            for name in _names(node, package):
                yield Import(path, getattr(node, "lineno", 0), module, name, lazy)


def _statements(within: ast.AST, *, lazy: bool) -> Iterator[tuple[ast.AST, bool]]:
    """Every statement, and whether it waits for a call; what they are made of, most of a tree, is not looked at."""
    lazy = lazy or _is_lazy(within)
    for node in ast.iter_child_nodes(within):
        if isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield node, lazy
            yield from _statements(node, lazy=lazy)


def _is_lazy(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def _names(node: ast.AST, package: str) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
        origin = ".".join([*base, *([node.module] if node.module else [])])
        return [f"{origin}.{alias.name}" for alias in node.names]
    return []


def products_of(servers: Path) -> list[str]:
    """The names of the products: the folders of the server that are no layer."""
    folders = (path.name for path in (servers / "portico_server").iterdir() if path.is_dir())
    return sorted(name for name in folders if name not in LAYERS and not name.startswith("__"))


def server_part(module: str) -> str:
    """`platform`, `host`, `gateway`, a product's name, or `` for the composition root's own modules."""
    parts = module.split(".")
    return parts[1] if len(parts) > 2 or (len(parts) == 2 and parts[1] not in ROOT_MODULES) else ""


def wrong_server_imports(servers: Path, contracts: frozenset[str]) -> Iterator[str]:
    """What servers/ imports and must not. `contracts`: the names X of the generated packages `portico.X`."""
    products = set(products_of(servers))
    for found in imports(servers):
        part = server_part(found.importer)
        words = found.imported.split(".")
        if words[0] == "portico_server" and len(words) > 1:
            problem = _wrong_part(part, words, products)
        elif words[0] == "portico":
            problem = _wrong_contract(part, words, products, contracts)
        else:
            problem = "servers never import their clients" if words[0] == "portico_cli" else ""
        if problem:
            yield f"{found.path.relative_to(servers)}:{found.line} imports {found.imported}: {problem}"


def _wrong_part(part: str, words: list[str], products: set[str]) -> str:
    target = words[1]
    if target == part or (target == "platform" and part):
        return ""
    if part == "":
        # The root takes a product by its package alone: `PRODUCT` is all that others import of it.
        return (
            "take PRODUCT from the product's package"
            if target in products and words[2:] not in ([], ["PRODUCT"])
            else ""
        )
    return f"{part} may import the platform and itself only"


def _wrong_contract(part: str, words: list[str], products: set[str], contracts: frozenset[str]) -> str:
    if len(words) < 2 or words[1] not in contracts:
        return "servers use the contracts, not the SDK"
    if part in LAYERS and words[1] not in SHARED_CONTRACTS:
        return f"{part} names no product"
    return ""


def wrong_client_imports(clients: Path) -> Iterator[str]:
    """What the SDK and the command line import and must not."""
    for found in imports(clients):
        top = found.imported.split(".")[0]
        where = f"{found.path.relative_to(clients)}:{found.line} imports {found.imported}"
        if found.importer.split(".")[0] == "portico" and top in ("portico_server", "portico_cli"):
            yield f"{where}: the SDK stands alone"
        elif top == "portico_server" and not f"{found.imported}.".startswith(tuple(f"{name}." for name in CLI_USES)):
            yield f"{where}: of the server the command line uses {' and '.join(CLI_USES)} only"
        elif top == "portico_server" and not found.lazy:
            yield f"{where}: import it in the function that needs it, so that other commands start fast"


def wrong_generated_imports(gen: Path) -> Iterator[str]:
    """What generated code imports and must not: anything of ours but generated code."""
    for found in imports(gen):
        if found.imported.split(".")[0] in ("portico_server", "portico_cli", "buf"):
            yield f"{found.path.relative_to(gen)}:{found.line} imports {found.imported}"


def products_named(servers: Path) -> Iterator[str]:
    """Products named in the code (not the comments and docstrings) of the layers that must not know any."""
    products = products_of(servers)
    for layer in LAYERS:
        for path in sorted((servers / "portico_server" / layer).rglob("*.py")):
            tree = ast.parse(path.read_text(), str(path))
            prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
                    for product in products:
                        if f"portico.{product}." in node.value or f"portico_server.{product}" in node.value:
                            yield f"{path.relative_to(servers)}:{node.lineno} names {product}"


def missing_files(product: Path) -> Iterator[str]:
    """The standard files that a product's folder lacks."""
    for what, patterns in STANDARD_FILES.items():
        if not any(any(product.glob(pattern)) for pattern in patterns):
            yield f"{product.name} lacks {what}"


STANDARD_FILES = {
    "__init__.py with its PRODUCT": ("__init__.py",),
    "service.py, its servicers": ("service.py", "*_service.py", "services/__init__.py"),
    "store.py, every SQL statement": ("store.py", "store/__init__.py"),
    "migrations/0001_….sql, its tables": ("migrations/0001_*.sql",),
    "errors.py, its exceptions and their table": ("errors.py",),
}
