"""What one look of the doctor's found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """`remedy` is empty where all is well."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""
