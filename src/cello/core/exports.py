"""What a module shows: derived from what stands in it."""

from typing import Any


def public(namespace: dict[str, Any], package: str = "cello") -> list[str]:
    """The names in a module's `globals()` of classes and functions of `package`."""
    return sorted(
        name
        for name, value in namespace.items()
        if callable(value)
        and not name.startswith("_")
        and f"{value.__module__}.".startswith(f"{package}.")
    )
