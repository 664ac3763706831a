"""The pickler of components: own reducers for definitions, refusals by name, links to other slots.

`reducer_override` is called for everything that is not a plain container or number, so this file decides what happens
to every function, class, decorator object and instance. What a reducer returns names only functions of `links`.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import gc
import importlib
import io
import logging
import pickle
import sys
import types
from collections.abc import Callable
from typing import Any, cast

from . import frames, instances, links, models, singletons, tensors, typevars
from .arrays import Arrays, is_array_subclass, reduce_subclass
from .depth import deeper
from .dictionaries import Dictionaries, InDoubt, held_elsewhere, is_pickled_plainly
from .encoded import SMALL, Encoded, lay_out
from .refusals import NotCarriedError, refusal_of, type_name

USER_MODULE = "__main__"
_ABSENT = object()
_LRU = type(functools.lru_cache(lambda: None))
_SINGLE_DISPATCH_CODE = cast(types.FunctionType, functools.singledispatch(lambda _: None)).__code__
_SENTINELS: dict[int, tuple[str, str]] = {
    id(getattr(dataclasses, name)): ("dataclasses", name)
    for name in ("MISSING", "KW_ONLY", "_FIELD", "_FIELD_CLASSVAR", "_FIELD_INITVAR", "_HAS_DEFAULT_FACTORY")
    if hasattr(dataclasses, name)
}
_SENTINEL_TYPES = {type(getattr(dataclasses, name)) for _, name in _SENTINELS.values()}
DEFINITION_TYPES: tuple[type, ...] = (types.FunctionType, type, _LRU, *typevars.TYPES)
_CLASS_SKIP = {
    "__weakref__", "__module__", "__qualname__", "__slots__", "_abc_impl", "__abstractmethods__",
    "__firstlineno__", "__static_attributes__", "__classcell__", "__slotnames__",
}  # fmt: skip


def _found_by_name(module: str, qualname: str) -> Any:
    found: Any = sys.modules.get(module)
    if found is None:
        if module.partition(".")[0] not in sys.modules:
            return _ABSENT
        try:  # a package gives its classes out under names that it imports when they are asked for: numpy.rec
            found = importlib.import_module(module)
        except Exception:
            return _ABSENT
    for part in qualname.split("."):
        found = getattr(found, part, _ABSENT)
        if found is _ABSENT:
            return _ABSENT
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
    return _found_by_name(module, qualname) is not definition


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


class LargeBytes:
    """Stands for large bytes in a dump: what `pickle` itself does with them goes into the stream."""

    def __init__(self, value: bytes | bytearray) -> None:
        self.value = value


class _Constants:
    """A frozenset among a code object's constants, in one order for every run."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items


class StatePickler(pickle.Pickler):
    """Dumps one component.

    `own` are the ids of definitions that this component holds by value although they have a slot; every other
    definition in `linked` (id -> (slot, member)) becomes a link, and its slot an entry of `refs`.
    """

    def __init__(
        self,
        file: io.BytesIO,
        namespace: dict[str, Any],
        linked: dict[int, tuple[str, str]],
        own: set[int],
        view_bases: set[int],
        source_of: Callable[[types.CodeType], str],
        keep_gaps: bool,
        dictionaries: Dictionaries,
    ) -> None:
        self.dictionaries = dictionaries
        self.arrays = Arrays(view_bases, keep_gaps)
        super().__init__(file, 5, buffer_callback=self.arrays.take)
        self.namespace = namespace
        self.linked = linked
        self.own = own
        self.source_of = source_of
        self.refs: list[str] = []
        self.reads: set[str] = set()
        self.debug: list[dict[str, Any]] = []
        self.foreign_types: set[type] = set()
        self.left_out: dict[str, None] = {}  # sentences
        self._texts: dict[str, str] = {}
        self._storages: dict[int, Any] = {}
        self._named: dict[int, tuple[dict[str, Any], dict[str, Any]]] = {}
        self._singletons: dict[int, tuple[singletons.Place, Any]] | None = None

    # -- the hook -----------------------------------------------------------------------------------------------

    def reducer_override(self, obj: Any) -> Any:
        link = self.linked.get(id(obj))
        if link is not None and id(obj) not in self.own:
            slot, name = link
            if slot not in self.refs:
                self.refs.append(slot)
            return links.member, (self.refs.index(slot), sys.intern(name))
        if self._singletons is None:  # plain values never come here
            self._singletons = singletons.found()
        known = self._singletons.get(id(obj))
        if known is not None:
            return links.sentinel, known[0]
        kind = type(obj)
        reducer = _REDUCERS.get(kind)
        if reducer is not None:
            return reducer(self, obj)
        if issubclass(kind, type):
            return self._class(obj)
        refused = refusal_of(kind)
        if refused is not None:
            name, reason, advice = refused
            raise NotCarriedError(f"it holds a `{name}`: {reason}", advice, obj, reason)
        if kind.__module__ == "numpy" and not is_array_subclass(kind):
            return self.arrays.reduce(obj, kind)
        if str(kind.__module__).startswith(("pandas.core.internals", "pandas.core.arrays")):
            self.arrays.copies_on_write(obj)
        if issubclass(kind, enum.Enum):
            return self._enum(obj)
        if kind in _SENTINEL_TYPES and id(obj) in _SENTINELS:
            return links.sentinel, _SENTINELS[id(obj)]
        if tensors.is_tensor(kind):
            return tensors.reduce_tensor(obj, self._storages)
        self.foreign_types.add(kind)
        if issubclass(kind, BaseException) and not instances.shapes_itself(kind):
            self.dictionaries.look(obj, kind)
            return instances.reduce_exception(obj, self.dictionaries.shared)
        if is_array_subclass(kind):
            self._doubt(obj, kind)
            return reduce_subclass(obj, kind)
        if frames.is_frame_type(kind):
            self.left_out.update(dict.fromkeys(frames.left_out(obj)))
            return frames.reduce_frame(obj)
        if kind.__module__ == "plotly.graph_objs._figure" and kind.__name__ == "Figure":
            return models.reduce_figure(obj)
        if kind.__module__ == "pydantic._internal._decorators" and kind.__name__ == "Decorator":
            return models.reduce_decorator(obj)
        if kind.__module__ == USER_MODULE:
            base = instances.base_of(kind)
            if base is not None:
                self.dictionaries.look(obj, kind)
                return instances.reduce_instance(obj, kind, base, self.dictionaries.shared)
        if is_pickled_plainly(kind):
            own = self.dictionaries.look(obj, kind)
            if own is not None and (id(own) in self.dictionaries.shared or self.dictionaries.met is not None):
                return instances.reduce_with_dictionary(obj, own, self.dictionaries.shared) or NotImplemented
        else:
            self._doubt(obj, kind)
        return NotImplemented

    def _doubt(self, obj: Any, kind: type) -> None:
        """Have what comes back with a dictionary of its own looked at, if that is held elsewhere now."""
        if held_elsewhere(obj, kind) is not None:
            self.foreign_types.add(InDoubt)

    # -- functions ----------------------------------------------------------------------------------------------

    def _large_bytes(self, large: LargeBytes) -> Any:
        made = links.large_bytearray if type(large.value) is bytearray else links.large_bytes
        return made, (pickle.PickleBuffer(large.value),)

    def _stand_in(self, one: singletons.StandIn) -> Any:
        return links.sentinel, one.place

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
        same = self._same_text
        state = {
            "defaults": same(fn.__defaults__) if _is_text(fn.__defaults__) else fn.__defaults__,
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
        fields = {field: self._same_text(getattr(code, field)) for field in links.CODE_FIELDS}
        return links.code, (index, fields)

    def _annotations(self, annotations: dict[str, Any]) -> dict[str, Any]:
        """With the names as they are elsewhere; functions that share theirs (`functools.wraps`) still do."""
        known = self._named.get(id(annotations))
        if known is None:
            named = {self._same_text(name): value for name, value in annotations.items()}
            known = self._named[id(annotations)] = annotations, named
        return known[1]

    def _same_text(self, value: Any) -> Any:
        """Equal strings of definitions become one string: Python interns some when it makes code and classes, and the
        stream says which are shared."""
        kind = type(value)
        if kind is str:
            # As Python does for what looks like a name; for others the first one met stands for all.
            return sys.intern(value) if value.isidentifier() else self._texts.setdefault(value, value)
        if kind is tuple:
            return tuple(map(self._same_text, value))
        if kind is frozenset:  # a constant; its order depends on how it was made
            return _Constants(sorted(map(self._same_text, value), key=lambda v: (type(v).__name__, repr(v))))
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
        same = self._same_text
        attributes: dict[str, Any] = {}
        for name, value in cls.__dict__.items():
            if name in _CLASS_SKIP or isinstance(
                value, (types.MemberDescriptorType, types.GetSetDescriptorType)
            ):
                continue
            attributes[same(name)] = same(value) if _is_text(value) else value
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
            "__getnewargs__", "__match_args__", "__doc__", "__replace__", "__module__", *fields, *_CLASS_SKIP,
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

    def _enum(self, member: enum.Enum) -> Any:
        cls = type(member)
        if not is_by_value(cls):
            return NotImplemented
        if id(cls) in self.linked and id(cls) not in self.own:
            if member._name_ in cls.__members__:
                return links.enum_member, (cls, member._name_)
            return links.enum_value, (cls, member._value_)
        self._doubt(member, cls)
        base, value = instances.plain_value(member)
        if base is None:
            made_in_c = next(c for c in cls.__mro__ if c is not object and not c.__flags__ & (1 << 9))
            sentence = f"a member that is also a `{type_name(made_in_c).removeprefix('builtins.')}` cannot be made again"
            raise NotCarriedError(
                f"it holds a `{cls.__qualname__}`: {sentence}",
                f"let the members have values of `{made_in_c.__name__}` instead of inheriting from it",
                member,
                sentence,
            )
        return (
            links.instance,
            (cls, self._same_text(value) if _is_text(value) else value, base is not object),
            {
                self._same_text(k): self._same_text(v) if _is_text(v) else v
                for k, v in member.__dict__.items()
            },
            None,
            None,
            links.set_instance,
        )

    # -- library objects ----------------------------------------------------------------------------------------

    def _lru(self, cached: Any) -> Any:
        if not is_by_value(cached):
            return NotImplemented
        self._doubt(cached, _LRU)
        settings = cached.cache_parameters()
        same = self._same_text
        attributes = {
            same(k): same(v) if _is_text(v) else v for k, v in cached.__dict__.items() if k != "__wrapped__"
        }
        return (
            links.lru_cache,
            (cached.__wrapped__, settings["maxsize"], settings["typed"]),
            attributes,
            None,
            None,
            links.set_attributes,
        )

    def _cached_property(self, descriptor: functools.cached_property[Any]) -> Any:
        return links.cached_property, (descriptor.func, descriptor.attrname)

    def _property(self, descriptor: property) -> Any:
        return property, (
            descriptor.fget,
            descriptor.fset,
            descriptor.fdel,
            self._same_text(descriptor.__doc__),
        )

    def _wrapper(self, wrapper: Any) -> Any:
        return type(wrapper), (wrapper.__func__,)

    def _proxy(self, proxy: types.MappingProxyType[Any, Any]) -> Any:
        (content,) = gc.get_referents(proxy)
        cls = class_of_dict(content)
        if cls is not None:
            return links.class_proxy, (cls,)
        return links.mapping_proxy, (content,)

    def _type_part(self, part: Any) -> Any:
        if type(part) in typevars.TYPES and not is_by_value(part):
            return NotImplemented
        return typevars.REDUCERS[type(part)](part)

    def _method(self, method: types.MethodType) -> Any:
        if not _needs_care(method):
            return NotImplemented
        return instances.reduce_method(method, lambda c: id(c) in self.linked and id(c) not in self.own)

    def _logger(self, logger: logging.Logger) -> Any:
        if sys.modules["logging"].getLogger(logger.name) is not logger:
            return NotImplemented
        for handler in logger.handlers:
            name, reason, advice = refusal_of(type(handler)) or ("", "", "")
            raise NotCarriedError(f"it holds a `{name}`: {reason}", advice, handler, reason)
        return links.logger, (logger.name, logger.level, logger.propagate, logger.disabled)

    def _storage(self, storage: tensors.Storage) -> Any:
        return tensors.reduce_storage(storage)

    def _constants(self, constants: _Constants) -> Any:
        return frozenset, (constants.items,)


def _is_text(value: Any) -> bool:
    """A string or a tuple of strings."""
    return type(value) is str or (type(value) is tuple and set(map(type, value)) == {str})


def _needs_care(method: types.MethodType) -> bool:
    """Whether `getattr(self, name)`, which is what pickle stores, might not give this method."""
    owner = method.__self__
    kind = owner if isinstance(owner, type) else type(owner)
    return (
        kind.__module__ == USER_MODULE
        or _found_by_name(str(method.__func__.__module__), getattr(method.__func__, "__qualname__", ""))
        is _ABSENT
    )


_REDUCERS: dict[type, Callable[[StatePickler, Any], Any]] = {
    LargeBytes: StatePickler._large_bytes,
    singletons.StandIn: StatePickler._stand_in,
    types.FunctionType: StatePickler._function,
    types.CodeType: StatePickler._code,
    types.CellType: StatePickler._cell,
    types.ModuleType: StatePickler._module,
    _LRU: StatePickler._lru,
    functools.cached_property: StatePickler._cached_property,
    property: StatePickler._property,
    classmethod: StatePickler._wrapper,
    staticmethod: StatePickler._wrapper,
    types.MappingProxyType: StatePickler._proxy,
    types.MethodType: StatePickler._method,
    _Constants: StatePickler._constants,
    tensors.Storage: StatePickler._storage,
    logging.Logger: StatePickler._logger,
    logging.RootLogger: StatePickler._logger,
    **dict.fromkeys(typevars.REDUCERS, StatePickler._type_part),
}


class _Rehearsal(StatePickler):
    """Counts how often a component comes to the dictionaries that are in doubt, but for the ways of their instances."""

    def persistent_id(self, obj: Any) -> Any:
        met = self.dictionaries.met
        if met is not None and id(obj) in met:
            met[id(obj)] += 1


def _is_large_bytes(members: dict[str, Any]) -> bool:
    """Whether one value of bytes is all there is, so that nothing else can refer to it."""
    if len(members) != 1:
        return False
    (value,) = members.values()
    return type(value) in (bytes, bytearray) and len(value) >= SMALL


def dump(
    members: dict[str, Any],
    namespace: dict[str, Any],
    linked: dict[int, tuple[str, str]],
    own: set[int],
    view_bases: set[int],
    source_of: Callable[[types.CodeType], str],
    keep_gaps: bool = False,
    shared: frozenset[int] | None = None,
) -> Encoded:
    """Pickle `members` as one component of codec `pickle5`.

    Raises NotCarriedError with a sentence for what cannot be kept; whatever the values' own methods raise is turned
    into one, too.
    """
    file = io.BytesIO()
    dictionaries = Dictionaries(shared or frozenset(), None)
    pickler = StatePickler(file, namespace, linked, own, view_bases, source_of, keep_gaps, dictionaries)
    try:
        if any(value is sys.modules for value in members.values()):
            raise NotCarriedError(
                "it is the table of this process's modules", "use `sys.modules` in the block that needs it"
            )
        whole: Any = LargeBytes if _is_large_bytes(members) else singletons.stand_in
        content = {sys.intern(name): whole(value) for name, value in members.items()}
        with deeper():
            pickler.dump(content)
            if dictionaries.doubtful and shared is None:
                again = Dictionaries(frozenset(), dict.fromkeys(dictionaries.doubtful, 0))
                _Rehearsal(io.BytesIO(), namespace, linked, own, view_bases, source_of, True, again).dump(
                    content
                )
                shared = again.found_shared()
                if shared:
                    return dump(members, namespace, linked, own, view_bases, source_of, keep_gaps, shared)
    except NotCarriedError:
        raise
    except RecursionError:
        raise NotCarriedError(
            "it is nested too deeply to be stored", "keep it in a flatter form, e.g. a list of rows"
        ) from None
    except MemoryError:
        raise
    except OSError as error:
        raise NotCarriedError(
            f"storing it failed: {type(error).__name__}: {error}", "keep plain data instead"
        ) from None
    except Exception as error:
        text = str(error).strip() or type(error).__name__
        raise NotCarriedError(
            f"it cannot be pickled: {type(error).__name__}: {text[:300]}",
            "keep plain data (numbers, strings, lists, frames) from it instead",
        ) from None
    arrays = pickler.arrays
    if arrays.overlapping():
        return dump(members, namespace, linked, own, view_bases, source_of, True, shared)
    extents, buffers = lay_out(arrays.buffers, arrays.apart)
    return Encoded(
        "pickle5",
        file.getvalue(),
        extents,
        buffers,
        pickler.refs,
        pickler.reads,
        pickler.debug,
        pickler.foreign_types,
        left_out=tuple(pickler.left_out),
    )
