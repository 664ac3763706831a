"""Which types come back exactly from a pickle, so that they need not be loaded once to be sure."""

from __future__ import annotations

import types

from .instances import class_dict, mro_of, shapes_itself

# What consists of other types is loaded once and compared before it counts as kept (`verify`).
TRUSTED_PACKAGES = {
    "builtins", "collections", "datetime", "decimal", "fractions", "numpy", "pandas", "polars", "pyarrow", "pathlib",
    "uuid", "types", "functools", "re", "zoneinfo", "array", "enum", "ipaddress", "dataclasses", "_io", "random", "abc",
    "typing", "operator", "itertools", "easel_runtime",
}  # fmt: skip
# Of these packages, what is more than a value: it refers to files, holds caches or code.
_DOUBTED = (
    "numpy.memmap", "numpy.lib", "numpy.polynomial", "pandas.api.typing", "pandas.core.groupby", "pandas.core.window",
    "pandas.core.resample", "pandas.io", "polars.lazyframe", "polars.dataframe.group_by", "pyarrow.dataset",
    "pyarrow._dataset", "pyarrow._fs", "pyarrow._parquet",
)  # fmt: skip
_BASES = ("__main__", "builtins", "typing", "abc", "enum", "collections")


def is_trusted(cls: type) -> bool:
    """Whether instances need no verifying, whatever they hold.

    A block's own class is rebuilt by our reducers, with all that it holds; in doubt is one that says itself how it is
    pickled, that builds on a library, or whose hash is asked for while its instances are not finished.
    """
    module = cls.__module__ if isinstance(cls.__module__, str) else ""
    if module.partition(".")[0] in TRUSTED_PACKAGES:
        return not f"{module}.{cls.__name__}".startswith(_DOUBTED)
    if module != "__main__" or shapes_itself(cls):
        return False
    return all(base.__module__ in _BASES for base in mro_of(cls)) and not any(
        isinstance(class_dict(base).get("__hash__"), types.FunctionType) for base in mro_of(cls)
    )
