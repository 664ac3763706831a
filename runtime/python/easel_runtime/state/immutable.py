"""Types of libraries whose instances nothing changes: they share nothing visibly, and their address is their content."""

from __future__ import annotations

import sys
from typing import Any


def _numpy(numpy: Any) -> list[type]:
    found: list[type] = []
    for code in "?bBhHiIlLqQefdgFDGSUMm":  # no records and no objects: those can be written into
        dtype = numpy.dtype(code)
        found += [type(dtype), dtype.type]
    return found


def _pandas(pandas: Any) -> list[type]:
    return [pandas.Timedelta, pandas.Timestamp, pandas.Period, type(pandas.NaT), type(pandas.NA)]


_LIBRARIES = {"numpy": _numpy, "pandas": _pandas}
_known: dict[str, list[type]] = {}


def library_types() -> list[type]:
    """Those of the libraries that are imported by now."""
    for name, find in _LIBRARIES.items():
        library = sys.modules.get(name)
        if library is not None and name not in _known:
            try:
                _known[name] = find(library)
            except AttributeError:
                continue  # half imported: it is asked again
    return [kind for kinds in _known.values() for kind in kinds]
