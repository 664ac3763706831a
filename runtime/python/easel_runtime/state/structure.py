"""What an object consists of, seen without running any of its own code.

`structure(x)` gives a plain `shape` (equal for objects that are alike on the outside) and the `parts` inside, in an
order that a faithful copy has, too. The verifier walks an original and its copy with it, pair by pair; `path_to` finds
where in a value something lies that cannot be kept.

Methods, properties, `__getattribute__`, `__class__` and `__dict__` of user classes may lie: this file only asks `type`,
the descriptors that Python itself made, and the methods of the built-in base classes.
"""

from __future__ import annotations

import array
import collections
import functools
import gc
import re
import struct
import sys
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .definitions import class_of_dict, is_by_value
from .frames import own_attributes
from .models import made_again
from .sharing import ATOMS

ATTRIBUTE, ITEM, KEY = ".", "[]", "key"
Label = tuple[str, Any]  # (ATTRIBUTE, name), (ITEM, index or key) or (KEY, number)
Parts = Iterable[tuple[Label, Any]]

class_dict: Callable[[type], Any] = type.__dict__["__dict__"].__get__
mro_of: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
_args_of = BaseException.__dict__["args"].__get__
# Written by Python or by `abc` while a class is used; not part of what the class is.
CLASS_NOISE = frozenset((
    "__weakref__", "_abc_impl", "__slotnames__", "__firstlineno__", "__static_attributes__",
    "__annotations_cache__", "__annotate_func__", "__annotate__", "__classcell__", "__abstractmethods__",
))  # fmt: skip


class Structure(typing.NamedTuple):
    """`opaque`: nothing inside could be seen, so only a comparison of what it pickles to says more."""

    shape: tuple[Any, ...]
    parts: Parts
    opaque: bool = False


def structure(obj: Any) -> Structure:
    """Never raises for what the object does; values of atoms are their `shape`."""
    kind = type(obj)
    exact = _EXACT.get(kind)
    if exact is not None:
        return exact(obj)
    if kind in ATOMS:
        return Structure((plain(obj),), ())
    if issubclass(kind, type):
        return _class(obj) if is_by_value(obj) else Structure((), ())
    library = _library(obj, kind)
    if library is not None:
        return library
    return _instance(obj, kind)


def plain(atom: Any) -> Any:
    """An atom in a form in which NaN equals NaN and 0.0 differs from -0.0."""
    if type(atom) is float:
        return struct.pack("<d", atom)
    if type(atom) is complex:
        return struct.pack("<dd", atom.real, atom.imag)
    if isinstance(atom, (int, str, bytes, type(None))):
        return atom
    if type(atom) is re.Pattern:  # its repr is cut off
        return (atom.pattern, atom.flags)
    try:
        return repr(atom)
    except Exception:  # of a time zone that a block made
        return type(atom)


class _Layout(typing.NamedTuple):
    """Where instances of a class keep what they hold, as Python laid it out."""

    dict_of: Callable[[Any], Any] | None
    slots: list[tuple[str, Callable[[Any], Any]]]
    base: Callable[[Any], Structure] | None
    made_in_python: bool


_layouts: dict[type, _Layout] = {}


def _layout(kind: type) -> _Layout:
    found = _layouts.get(kind)
    if found is None:
        dict_of = None
        slots: list[tuple[str, Callable[[Any], Any]]] = []
        line = mro_of(kind)
        for cls in line:
            for name, descriptor in class_dict(cls).items():
                if type(descriptor) is types.GetSetDescriptorType and name == "__dict__" and dict_of is None:
                    dict_of = descriptor.__get__
                elif (
                    type(descriptor) is types.MemberDescriptorType
                    and not name.startswith("__weak")
                    and ("__slots__" in class_dict(cls) or cls.__module__ in sys.stdlib_module_names)
                ):  # what extension types show that way are addresses, too
                    slots.append((name, descriptor.__get__))
        base = next((of for base, of in _BASES if base in line), None)
        python = all(c is object or c.__flags__ & (1 << 9) for c in line)  # heap types only
        found = _layouts[kind] = _Layout(dict_of, slots, base, python)
    return found


def instance_dict(obj: Any) -> dict[str, Any] | None:
    """The real `__dict__`, whatever a property of this name says."""
    of = _layout(type(obj)).dict_of
    try:
        got = None if of is None else of(obj)
    except (AttributeError, TypeError):
        return None
    return got if type(got) is dict else None


def _attributes(obj: Any) -> list[tuple[Label, Any]]:
    own = instance_dict(obj)
    found: list[tuple[Label, Any]] = [((ATTRIBUTE, k), v) for k, v in own.items()] if own else []
    for name, of in _layout(type(obj)).slots:
        try:
            found.append(((ATTRIBUTE, name), of(obj)))
        except (AttributeError, TypeError):
            pass  # not set
    return found


# -- built-in containers, and what inherits from them ---------------------------------------------------------------


def _sequence(obj: Any, base: Any) -> Structure:
    return Structure((base.__len__(obj),), (((ITEM, i), v) for i, v in enumerate(base.__iter__(obj))))


def _mapping(obj: Any, base: Any = dict) -> Structure:
    def parts() -> Iterator[tuple[Label, Any]]:
        for number, (key, value) in enumerate(list(base.items(obj))):
            yield (KEY, number), key
            yield (ITEM, key), value

    return Structure((dict.__len__(obj),), parts())


def _set(obj: Any, base: Any) -> Structure:
    return Structure((base.__len__(obj),), (((KEY, i), v) for i, v in enumerate(base.__iter__(obj))))


def _deque(obj: Any) -> Structure:
    of: Any = collections.deque
    return Structure((of.__len__(obj), of.maxlen.__get__(obj)), _sequence(obj, of).parts)


def _default_dict(obj: Any) -> Structure:
    of: Any = collections.defaultdict
    inside = _mapping(obj)
    return Structure(
        inside.shape, [((ATTRIBUTE, "default_factory"), of.default_factory.__get__(obj)), *inside.parts]
    )


def _array(obj: Any) -> Structure:
    of: Any = array.array
    return Structure((of.typecode.__get__(obj), of.tobytes(obj)), ())


def _exception(obj: Any) -> Structure:
    inside: list[tuple[Label, Any]] = [((ATTRIBUTE, "args"), _args_of(obj))]
    for name in ("__cause__", "__context__"):
        inside.append(((ATTRIBUTE, name), BaseException.__dict__[name].__get__(obj)))
    return Structure((), inside)


_BASES: list[tuple[type, Callable[[Any], Structure]]] = [
    (collections.OrderedDict, lambda o: _mapping(o, collections.OrderedDict)),
    (collections.defaultdict, _default_dict),
    (dict, _mapping),
    (list, lambda o: _sequence(o, list)),
    (tuple, lambda o: _sequence(o, tuple)),
    (set, lambda o: _set(o, set)),
    (frozenset, lambda o: _set(o, frozenset)),
    (collections.deque, _deque),
    (bytearray, lambda o: Structure((bytes(o),), ())),
    (str, lambda o: Structure((str.__str__(o),), ())),
    (bytes, lambda o: Structure((bytes.__getitem__(o, slice(None)),), ())),
    (int, lambda o: Structure((int.__index__(o),), ())),
    (float, lambda o: Structure((struct.pack("<d", float.__float__(o)),), ())),
    (array.array, _array),
    (BaseException, _exception),
]


def _instance(obj: Any, kind: type) -> Structure:
    """Instances: what they inherit from a built-in type, slots, `__dict__`."""
    layout = _layout(kind)
    attributes = _attributes(obj)
    if layout.base is not None:
        shape, inside, _ = layout.base(obj)
        return Structure(shape, [*inside, *attributes])
    seen = attributes or layout.made_in_python or instance_dict(obj) is not None
    return Structure((), attributes, opaque=not seen)


# -- functions, classes and what decorates them ---------------------------------------------------------------------


def _function(fn: types.FunctionType) -> Structure:
    if not is_by_value(fn):
        return Structure((fn.__qualname__, fn.__module__), ())
    inside: list[tuple[Label, Any]] = [
        ((ATTRIBUTE, "__code__"), fn.__code__),
        ((ATTRIBUTE, "__defaults__"), fn.__defaults__),
        ((ATTRIBUTE, "__kwdefaults__"), fn.__kwdefaults__),
        ((ATTRIBUTE, "__annotations__"), getattr(fn, "__annotations__", None)),
        *(((ATTRIBUTE, k), v) for k, v in fn.__dict__.items()),
    ]
    for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=False):
        inside.append(((ATTRIBUTE, f"<{name}>"), cell))
    return Structure((fn.__name__, fn.__qualname__, fn.__module__, fn.__doc__), inside)


def _code(code: types.CodeType) -> Structure:
    inner = [((ITEM, i), c) for i, c in enumerate(code.co_consts) if isinstance(c, types.CodeType)]
    rest = [repr(c) for c in code.co_consts if not isinstance(c, (types.CodeType, frozenset))]
    return Structure(
        (code.co_name, code.co_code, code.co_names, code.co_varnames, code.co_flags, rest), inner
    )


def _cell(cell: types.CellType) -> Structure:
    try:
        return Structure((True,), [((ATTRIBUTE, "cell_contents"), cell.cell_contents)])
    except ValueError:
        return Structure((False,), ())


def _class(cls: type) -> Structure:
    inside: list[tuple[Label, Any]] = [((ATTRIBUTE, "__bases__"), type.__dict__["__bases__"].__get__(cls))]
    noise = CLASS_NOISE | made_again(class_dict(cls))
    for name, value in class_dict(cls).items():
        if name not in noise and type(value) not in (types.MemberDescriptorType, types.GetSetDescriptorType):
            inside.append(((ATTRIBUTE, name), value))
    return Structure((cls.__qualname__,), inside)


def _method(method: types.MethodType) -> Structure:
    return Structure(
        (), [((ATTRIBUTE, "__func__"), method.__func__), ((ATTRIBUTE, "__self__"), method.__self__)]
    )


def _built_in(fn: types.BuiltinFunctionType) -> Structure:
    owner = fn.__self__
    if owner is None or isinstance(owner, types.ModuleType):
        return Structure((fn.__qualname__, fn.__module__), ())
    return Structure((fn.__qualname__,), [((ATTRIBUTE, "__self__"), owner)])


def _proxy(proxy: types.MappingProxyType[Any, Any]) -> Structure:
    (content,) = gc.get_referents(proxy)
    cls = class_of_dict(content)
    return Structure((), [((ATTRIBUTE, "<content>"), content if cls is None else cls)])


def _wrapped(obj: Any) -> Structure:
    return Structure((), [((ATTRIBUTE, "__func__"), obj.__func__)])


def _partial(obj: functools.partial[Any]) -> Structure:
    inside: list[tuple[Label, Any]] = [
        ((ATTRIBUTE, "func"), obj.func), ((ATTRIBUTE, "args"), obj.args), ((ATTRIBUTE, "keywords"), obj.keywords),
    ]  # fmt: skip
    return Structure((), inside + _dict_only(obj))


def _dict_only(obj: Any) -> list[tuple[Label, Any]]:
    return [((ATTRIBUTE, k), v) for k, v in (instance_dict(obj) or {}).items()]


def _lru(obj: Any) -> Structure:
    return Structure((repr(obj.cache_parameters()),), [((ATTRIBUTE, "__wrapped__"), obj.__wrapped__)])


_EXACT: dict[type, Callable[[Any], Structure]] = {
    dict: _mapping,
    list: lambda o: Structure((len(o),), (((ITEM, i), v) for i, v in enumerate(o))),
    tuple: lambda o: Structure((len(o),), (((ITEM, i), v) for i, v in enumerate(o))),
    set: lambda o: _set(o, set),
    frozenset: lambda o: _set(o, frozenset),
    bytearray: lambda o: Structure((bytes(o),), ()),
    types.FunctionType: _function,
    types.CodeType: _code,
    types.CellType: _cell,
    types.MethodType: _method,
    types.BuiltinFunctionType: _built_in,
    types.MappingProxyType: _proxy,
    classmethod: _wrapped,
    staticmethod: _wrapped,
    functools.partial: _partial,
    type(functools.lru_cache(lambda: None)): _lru,
    types.ModuleType: lambda o: Structure((o.__name__,), ()),
}


# -- libraries ------------------------------------------------------------------------------------------------------


def _library(obj: Any, kind: type) -> Structure | None:
    """What is best seen through a library's own, trusted accessors; None for everything else."""
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        if issubclass(kind, numpy.ndarray):
            return _ndarray(obj, kind, numpy)
        if kind.__module__ == "numpy" and issubclass(kind, numpy.generic):
            return Structure((str(obj.dtype), obj.tobytes() if obj.dtype.kind not in "OT" else repr(obj)), ())
        if issubclass(kind, numpy.dtype):
            return Structure((repr(obj),), ())
    root, _, rest = kind.__module__.partition(".")
    if root == "pandas":
        return _pandas(obj, kind)
    if root == "polars" and kind.__name__ in (
        "DataFrame",
        "Series",
    ):  # no comparing: its threads end with a fork
        return Structure((repr(obj.schema if kind.__name__ == "DataFrame" else obj.dtype), len(obj)), ())
    if root == "pyarrow" and kind.__name__ in ("Buffer", "ResizableBuffer"):  # its text has its address
        return Structure((obj.size, obj.is_mutable, bytes(obj) if obj.is_cpu else None), ())
    if root == "pyarrow" and rest == "lib":
        return Structure((str(obj)[:100_000],), ())
    if root == "torch" and kind.__name__ in ("Tensor", "Parameter"):
        return _tensor(obj)
    return None


def _ndarray(obj: Any, kind: type, numpy: Any) -> Structure:
    bare = numpy.ndarray.view(obj, numpy.ndarray)
    shape = (repr(bare.dtype), bare.shape, bool(bare.flags.writeable))
    attributes = _attributes(obj) if kind is not numpy.ndarray else []
    if bare.dtype.hasobject or bare.dtype.kind == "T":
        return Structure(shape, [*(((ITEM, i), v) for i, v in enumerate(bare.ravel().tolist())), *attributes])
    return Structure((*shape, _Memory(bare)), attributes)


class _Memory:
    """The bytes of an array, compared block by block so that neither side is copied whole."""

    def __init__(self, bare: Any) -> None:
        self.array = bare

    def __eq__(self, other: object) -> bool:
        import numpy

        if not isinstance(other, _Memory):
            return NotImplemented
        ours, theirs = self.array, other.array
        if ours.flags.f_contiguous and not ours.flags.c_contiguous:
            ours, theirs = ours.T, theirs.T
        step = max(1, (1 << 22) // max(1, ours.nbytes // max(1, len(ours)))) if ours.ndim else 1
        for start in range(0, len(ours) if ours.ndim else 1, step):
            pair = [a[start : start + step] if a.ndim else a for a in (ours, theirs)]
            first, second = (numpy.ascontiguousarray(a).reshape(-1).view(numpy.uint8) for a in pair)
            if not (first == second).all():
                return False
        return True

    __hash__ = None  # type: ignore[assignment]


def _pandas(obj: Any, kind: type) -> Structure | None:
    import pandas

    inside: list[tuple[Label, Any]] = []
    try:
        if kind is pandas.DataFrame:
            inside = [((ATTRIBUTE, "index"), obj.index), ((ATTRIBUTE, "columns"), obj.columns)]
            inside += [((ITEM, name), obj.iloc[:, i]._values) for i, name in enumerate(obj.columns)]
        elif kind is pandas.Series:
            inside = [
                ((ATTRIBUTE, "index"), obj.index),
                ((ATTRIBUTE, "name"), obj.name),
                ((ITEM, ":"), obj._values),
            ]
        elif issubclass(kind, pandas.MultiIndex):
            inside = [((ATTRIBUTE, "levels"), list(obj.levels)), ((ATTRIBUTE, "codes"), list(obj.codes)),
                      ((ATTRIBUTE, "names"), list(obj.names))]  # fmt: skip
        elif issubclass(kind, pandas.RangeIndex):
            return Structure((obj.start, obj.stop, obj.step), [((ATTRIBUTE, "name"), obj.name)])
        elif issubclass(kind, pandas.Index):
            inside = [((ATTRIBUTE, "name"), obj.name), ((ITEM, ":"), obj._values)]
        elif issubclass(kind, pandas.api.extensions.ExtensionArray):
            if obj.dtype.kind != "O" or obj.dtype.name in ("category", "str", "string"):
                return Structure((repr(obj.dtype), len(obj)), [((ITEM, ":"), obj.to_numpy())])
            return Structure((repr(obj.dtype), len(obj)), (((ITEM, i), v) for i, v in enumerate(obj)))
        elif kind.__module__.startswith(
            ("pandas._libs.tslibs", "pandas._libs.missing", "pandas.core.dtypes")
        ):
            return Structure((repr(obj), getattr(obj, "nanosecond", 0)), ())
        else:
            return None
        if kind in (pandas.DataFrame, pandas.Series):
            inside.append(((ATTRIBUTE, "attrs"), dict(obj.attrs)))
            inside += [((ATTRIBUTE, name), value) for name, value in own_attributes(obj).items()]
        return Structure((repr(getattr(obj, "dtype", None)), getattr(obj, "shape", None)), inside)
    except (AttributeError, TypeError, ValueError, ImportError):
        return None


def _tensor(obj: Any) -> Structure:
    bare = obj.detach().contiguous().cpu()
    data = bytes(bare.flatten().view(__import__("torch").uint8).numpy()) if bare.numel() else b""
    shape = (str(obj.dtype), tuple(obj.shape), bool(obj.requires_grad), str(obj.device), data)
    return Structure(shape, _dict_only(obj))
