"""Which types come back exactly from a pickle, so that they need not be loaded once to be sure."""

from __future__ import annotations

# Types whose pickles are exact; what consists of others is loaded once and compared before it counts as kept.
TRUSTED_PACKAGES = {
    "builtins", "collections", "datetime", "decimal", "fractions", "numpy", "pandas", "polars", "pyarrow", "pathlib",
    "uuid", "types", "functools", "re", "zoneinfo", "array", "enum", "ipaddress", "dataclasses", "_io", "random",
}  # fmt: skip
_CUSTOM_PICKLING = (
    "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__", "__getnewargs_ex__",
)  # fmt: skip


def is_trusted(cls: type) -> bool:
    if cls.__module__.partition(".")[0] in TRUSTED_PACKAGES:
        return True
    if cls.__module__ != "__main__":
        return False
    return not any(
        name in base.__dict__ for base in cls.__mro__ if base is not object for name in _CUSTOM_PICKLING
    ) and all(base.__module__ in ("__main__", "builtins", "typing", "abc") for base in cls.__mro__)
