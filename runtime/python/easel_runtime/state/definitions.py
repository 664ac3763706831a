"""Definitions made by blocks: which functions and classes these are, and what is stored of them.

What a reducer returns names only functions of `links`.
"""

from __future__ import annotations

import enum
import functools
import gc
import importlib
import pickle
import sys
import types
from collections.abc import Callable
from typing import Any, cast

from . import instances, links, models, typevars
from .dictionaries import Dictionaries
from .refusals import NotCarriedError, type_name

USER_MODULE = "__main__"
ABSENT = object()
LRU = type(functools.lru_cache(lambda: None))
_SINGLE_DISPATCH_CODE = cast(types.FunctionType, functools.singledispatch(lambda _: None)).__code__
DEFINITION_TYPES: tuple[type, ...] = (types.FunctionType, type, LRU, *typevars.TYPES)
_SKIPPED = {
    "__weakref__", "__module__", "__qualname__", "__slots__", "_abc_impl", "__abstractmethods__",
    "__firstlineno__", "__static_attributes__", "__classcell__", "__slotnames__",
}  # fmt: skip


def found_by_name(module: str, qualname: str) -> Any:
    found: Any = sys.modules.get(module)
    if found is None:
        if module.partition(".")[0] not in sys.modules:
            return ABSENT
        try:  # a package gives its classes out under names that it imports when they are asked for: numpy.rec
            found = importlib.import_module(module)
        except Exception:
            return ABSENT
    for part in qualname.split("."):
        found = getattr(found, part, ABSENT)
        if found is ABSENT:
            return ABSENT
    return found


def is_by_value(definition: Any) -> bool:
    """Whether a function or class must travel as a copy because no module of the environment has it."""
    module = getattr(definition, "__module__", None)
    qualname = getattr(definition, "__qualname__", None) or getattr(definition, "__name__", "")
    if module == USER_MODULE:
        return True
    if not isinstance(module, str) or not isinstance(qualname, str):
        return isinstance(definition, types.FunctionType)
    if isinstance(definition, type) and not definition.__flags__ & (1 << 9):
        return False  # a type made in C is never made by a block
    return found_by_name(module, qualname) is not definition


def is_definition(value: Any) -> bool:
    return issubclass(type(value), DEFINITION_TYPES) and is_by_value(value)  # isinstance would ask the value


def class_of_dict(content: Any) -> type | None:
    """The class whose dictionary `content` is, or None."""
    if type(content) is dict and "__module__" in content and "__doc__" in content:
        for referrer in gc.get_referrers(content):
            if (
                issubclass(type(referrer), type)
                and gc.get_referents(instances.class_dict(referrer))[0] is content
            ):
                return cast(type, referrer)
    return None


def global_names(code: types.CodeType) -> set[str]:
    """Names that the code looks up in its globals when it runs, nested code included."""
    import dis

    names = {
        i.argval
        for i in dis.get_instructions(code)
        if i.opname in ("LOAD_GLOBAL", "LOAD_NAME", "DELETE_GLOBAL")
    }
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= global_names(constant)
    return names


class Constants:
    """A frozenset among a code object's constants, in one order for every run."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items


def is_text(value: Any) -> bool:
    """A string or a tuple of strings."""
    return type(value) is str or (type(value) is tuple and set(map(type, value)) == {str})


class Definitions(pickle.Pickler):
    """The part of the pickler that stores functions, code, modules and classes."""

    dictionaries: Dictionaries
    namespace: dict[str, Any]
    source_of: Callable[[types.CodeType], str]
    reads: set[str]
    debug: list[dict[str, Any]]
    foreign_types: set[type]

    def __init__(self, file: Any, buffer_callback: Callable[[pickle.PickleBuffer], Any]) -> None:
        super().__init__(file, 5, buffer_callback=buffer_callback)
        self._texts: dict[str, str] = {}
        self._annotated: dict[int, tuple[dict[str, Any], dict[str, Any]]] = {}

    def _function(self, fn: types.FunctionType) -> Any:
        if not is_by_value(fn):
            return NotImplemented
        if fn.__code__ is _SINGLE_DISPATCH_CODE and hasattr(fn, "registry"):
            registry = list(fn.registry.items())
            return links.single_dispatch, (fn.registry[object], registry)
        home: str | dict[str, Any] | None
        if fn.__globals__ is self.namespace:
            home = None
            self.reads |= global_names(fn.__code__)
        else:
            name = fn.__globals__.get("__name__")
            module = sys.modules.get(name) if isinstance(name, str) else None
            if module is not None and module.__dict__ is fn.__globals__:
                home = name
            else:
                used = global_names(fn.__code__) | {"__name__"}
                home = {k: v for k, v in fn.__globals__.items() if k in used}
        same = self.same_text
        state = {
            "defaults": same(fn.__defaults__) if is_text(fn.__defaults__) else fn.__defaults__,
            "kwdefaults": fn.__kwdefaults__,
            "annotations": self._annotations(fn.__annotations__),
            "qualname": same(fn.__qualname__),
            "module": same(fn.__module__),
            "doc": same(fn.__doc__),
            "dict": {same(name): value for name, value in fn.__dict__.items()},
        }
        self.dictionaries.look(fn, types.FunctionType)
        if id(fn.__dict__) in self.dictionaries.shared:
            state["dict"], state["shared"] = {}, fn.__dict__
        return (
            links.function,
            (fn.__code__, home, same(fn.__name__), fn.__closure__),
            state,
            None,
            None,
            links.set_function,
        )

    def _code(self, code: types.CodeType) -> Any:
        index = len(self.debug)
        self.debug.append(
            {
                "filename": code.co_filename,
                "line": code.co_firstlineno,
                "lines": code.co_linetable.hex(),
                "source": self.source_of(code),
            }
        )
        fields = {field: self.same_text(getattr(code, field)) for field in links.CODE_FIELDS}
        return links.code, (index, fields)

    def _annotations(self, annotations: dict[str, Any]) -> dict[str, Any]:
        """With the names as they are elsewhere; functions that share theirs (`functools.wraps`) still do."""
        known = self._annotated.get(id(annotations))
        if known is None:
            named = {self.same_text(name): value for name, value in annotations.items()}
            known = self._annotated[id(annotations)] = annotations, named
        return known[1]

    def same_text(self, value: Any) -> Any:
        """Equal strings of definitions become one string: Python interns some when it makes code and classes, and the
        stream says which are shared."""
        kind = type(value)
        if kind is str:
            # As Python does for what looks like a name; for others the first one met stands for all.
            return sys.intern(value) if value.isidentifier() else self._texts.setdefault(value, value)
        if kind is tuple:
            return tuple(map(self.same_text, value))
        if kind is frozenset:  # a constant; its order depends on how it was made
            return Constants(sorted(map(self.same_text, value), key=lambda v: (type(v).__name__, repr(v))))
        return value

    def _cell(self, cell: types.CellType) -> Any:
        try:
            contents: tuple[Any, ...] = (cell.cell_contents,)
        except ValueError:
            contents = ()
        return links.cell, (), contents, None, None, links.set_cell

    def _module(self, module: types.ModuleType) -> Any:
        # What is made in C may say another name than it is imported by: `_io`.
        names = (module.__name__, getattr(module.__spec__, "name", ""))
        name = next((name for name in names if sys.modules.get(name) is module), None)
        if name is None or name == USER_MODULE:
            name = module.__name__
            raise NotCarriedError(
                f"it holds the module `{name}`, which was made at run time and cannot be imported",
                "put the code into a file of the canvas and import it",
            )
        return importlib.import_module, (name,)

    # -- classes ------------------------------------------------------------------------------------------------

    def _class(self, cls: type) -> Any:
        if cls is types.ModuleType or not is_by_value(cls):
            return NotImplemented
        if cls.__module__ == "builtins":
            return NotImplemented
        self.foreign_types.add(type(cls))
        fields = cls.__dict__.get("_fields")
        if cls.__bases__ == (tuple,) and isinstance(fields, tuple) and hasattr(cls, "_field_defaults"):
            return self._named_tuple(cls, fields)
        same = self.same_text
        attributes: dict[str, Any] = {}
        for name, value in cls.__dict__.items():
            if name in _SKIPPED or isinstance(
                value, (types.MemberDescriptorType, types.GetSetDescriptorType)
            ):
                continue
            attributes[same(name)] = same(value) if is_text(value) else value
        if issubclass(type(cls), enum.EnumMeta) and type(attributes.get("_member_names_")) is list:
            attributes["_member_names_"] = list(map(same, attributes["_member_names_"]))
            attributes["_member_map_"] = {same(k): v for k, v in attributes["_member_map_"].items()}
        finish = models.without_compiled(cls, attributes)
        state: dict[str, Any] = {"attributes": attributes}
        if finish is not None:
            state["finish"] = finish
        if "_abc_impl" in cls.__dict__:
            import _abc

            registered = [ref() for ref in _abc._get_dump(cls)[0]]
            state["registered"] = sorted((c for c in registered if c is not None), key=type_name)
        slots = cls.__dict__.get("__slots__")
        if slots is not None and not isinstance(slots, (str, dict)):
            slots = (tuple if type(slots) is tuple else list)(map(same, slots))
        return (
            links.class_skeleton,
            (
                type(cls),
                same(cls.__name__),
                same(cls.__qualname__),
                same(cls.__module__),
                cls.__bases__,
                slots,
                tuple(attributes),
            ),
            state,
            None,
            None,
            links.set_class,
        )

    def _named_tuple(self, cls: type, fields: tuple[str, ...]) -> Any:
        made = {
            "__slots__", "_fields", "_field_defaults", "__new__", "_make", "_replace", "__repr__", "_asdict",
            "__getnewargs__", "__match_args__", "__doc__", "__replace__", "__module__", *fields, *_SKIPPED,
        }  # fmt: skip
        defaults = tuple(cls._field_defaults.values())  # type: ignore[attr-defined]
        extra = {name: value for name, value in cls.__dict__.items() if name not in made}
        extra["__doc__"] = cls.__doc__
        extra["__qualname__"] = cls.__qualname__
        return (
            links.named_tuple,
            (cls.__name__, fields, defaults, cls.__module__),
            {"attributes": extra},
            None,
            None,
            links.set_class,
        )

    def _constants(self, constants: Constants) -> Any:
        return frozenset, (constants.items,)
