"""Names of a package that are looked up on first use, so that importing the package costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module


def deferred(package: str, home: Mapping[str, str]) -> Callable[[str], object]:
    """Give the `__getattr__` (PEP 562) of a package, whose `home` says in which of its modules each name stands."""

    def find(name: str) -> object:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{home[name]}"), name)

    return find
