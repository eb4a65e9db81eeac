"""Portico's SDK, and the parent of the generated contracts `portico.<product>.v1`."""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
