"""The pickler of components: own reducers, refusals by name, links to other slots. Definitions: definitions.py.

`reducer_override` is called for everything that is not a plain container or number, so this file decides what happens
to every function, class, decorator object and instance. What a reducer returns names only functions of `links`.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import gc
import io
import logging
import pickle
import sys
import types
from collections.abc import Callable
from typing import Any

from . import frames, instances, links, models, singletons, tensors, typevars
from .arrays import Arrays, is_array_subclass, reduce_subclass
from .definitions import (
    ABSENT,
    LRU,
    USER_MODULE,
    Constants,
    Definitions,
    class_of_dict,
    found_by_name,
    is_by_value,
    is_text,
)
from .depth import deeper
from .dictionaries import Dictionaries, InDoubt, held_elsewhere, is_pickled_plainly
from .encoded import SMALL, Encoded, lay_out
from .refusals import NotCarriedError, refusal_of, type_name

_SENTINELS: dict[int, tuple[str, str]] = {
    id(getattr(dataclasses, name)): ("dataclasses", name)
    for name in ("MISSING", "KW_ONLY", "_FIELD", "_FIELD_CLASSVAR", "_FIELD_INITVAR", "_HAS_DEFAULT_FACTORY")
    if hasattr(dataclasses, name)
}
_SENTINEL_TYPES = {type(getattr(dataclasses, name)) for _, name in _SENTINELS.values()}


class LargeBytes:
    """Stands for large bytes in a dump: what `pickle` itself does with them goes into the stream."""

    def __init__(self, value: bytes | bytearray) -> None:
        self.value = value


class StatePickler(Definitions):
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
        super().__init__(file, self.arrays.take)
        self.namespace = namespace
        self.linked = linked
        self.own = own
        self.source_of = source_of
        self.refs: list[str] = []
        self.reads: set[str] = set()
        self.debug: list[dict[str, Any]] = []
        self.foreign_types: set[type] = set()
        self.left_out: dict[str, None] = {}  # sentences
        self._storages: dict[int, Any] = {}
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

    # -- what stands for others ---------------------------------------------------------------------------------

    def _large_bytes(self, large: LargeBytes) -> Any:
        made = links.large_bytearray if type(large.value) is bytearray else links.large_bytes
        return made, (pickle.PickleBuffer(large.value),)

    def _stand_in(self, one: singletons.StandIn) -> Any:
        return links.sentinel, one.place

    # -- instances ----------------------------------------------------------------------------------------------

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
            (cls, self.same_text(value) if is_text(value) else value, base is not object),
            {self.same_text(k): self.same_text(v) if is_text(v) else v for k, v in member.__dict__.items()},
            None,
            None,
            links.set_instance,
        )

    # -- library objects ----------------------------------------------------------------------------------------

    def _lru(self, cached: Any) -> Any:
        if not is_by_value(cached):
            return NotImplemented
        self._doubt(cached, LRU)
        settings = cached.cache_parameters()
        same = self.same_text
        attributes = {
            same(k): same(v) if is_text(v) else v for k, v in cached.__dict__.items() if k != "__wrapped__"
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
            self.same_text(descriptor.__doc__),
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


def _needs_care(method: types.MethodType) -> bool:
    """Whether `getattr(self, name)`, which is what pickle stores, might not give this method."""
    owner = method.__self__
    kind = owner if isinstance(owner, type) else type(owner)
    return (
        kind.__module__ == USER_MODULE
        or found_by_name(str(method.__func__.__module__), getattr(method.__func__, "__qualname__", ""))
        is ABSENT
    )


_REDUCERS: dict[type, Callable[[StatePickler, Any], Any]] = {
    LargeBytes: StatePickler._large_bytes,
    singletons.StandIn: StatePickler._stand_in,
    types.FunctionType: StatePickler._function,
    types.CodeType: StatePickler._code,
    types.CellType: StatePickler._cell,
    types.ModuleType: StatePickler._module,
    LRU: StatePickler._lru,
    functools.cached_property: StatePickler._cached_property,
    property: StatePickler._property,
    classmethod: StatePickler._wrapper,
    staticmethod: StatePickler._wrapper,
    types.MappingProxyType: StatePickler._proxy,
    types.MethodType: StatePickler._method,
    Constants: StatePickler._constants,
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
