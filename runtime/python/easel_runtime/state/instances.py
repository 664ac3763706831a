"""Reducers for instances of classes that blocks define, where pickle's own way would run the class's code.

Pickle makes an instance by calling its class and gives it its state through methods; a class whose `__new__` wants
arguments, whose `__setattr__` refuses, whose `__getattr__` asks what is not there yet or whose `append` counts would not
come back, or not as it was. Here the built-in base makes a bare object, and the state goes where Python keeps it. A
class that says itself how it is pickled keeps its say, and so does one with a base that was made in C.
"""

from __future__ import annotations

import collections
import types
from collections.abc import Callable
from typing import Any

from . import links

class_dict: Callable[[type], Any] = type.__dict__["__dict__"].__get__
mro_of: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
SHAPERS = (
    "__getstate__", "__setstate__", "__reduce__", "__reduce_ex__", "__getnewargs__", "__getnewargs_ex__", "__copyreg__",
)  # fmt: skip
_PECULIAR = ("__new__", "__getattr__", "__getattribute__", "__setattr__", "__dict__", "__class__")
_HEAP_TYPE = 1 << 9
# What makes the bare object; the first of these that a class inherits from holds its content.
BASES: tuple[type, ...] = (
    collections.OrderedDict, collections.defaultdict, dict, list, tuple, set, frozenset, collections.deque,
    int, float, complex, str, bytes, bytearray, BaseException,
)  # fmt: skip
# Of these, what has a value that cannot change.
PLAIN: tuple[type, ...] = (int, float, complex, str, bytes, tuple, frozenset)
_ways: dict[type, type | None] = {}


def shapes_itself(kind: type) -> bool:
    """Whether the class, or one that it inherits from, says how it is pickled."""
    for cls in mro_of(kind):
        if (
            cls
            not in (object, collections.Counter)  # whose way forgets the attributes of what inherits from it
            and cls.__flags__ & _HEAP_TYPE
            and any(name in class_dict(cls) for name in SHAPERS)
        ):
            return True
    return False


def base_of(kind: type) -> type | None:
    """The built-in type that makes a bare instance, or None if pickle's own way is right for instances of `kind`."""
    if kind in _ways:
        return _ways[kind]
    _ways[kind] = found = _find_base(kind)
    return found


def _find_base(kind: type) -> type | None:
    line = mro_of(kind)
    base = next((b for b in BASES if b in line), object)
    made_here = [c for c in line if c.__flags__ & _HEAP_TYPE]
    others = [c for c in line if not c.__flags__ & _HEAP_TYPE]
    if any(c not in mro_of(base) and not _is_plain_exception(c) for c in others):
        return None
    if shapes_itself(kind):
        return None
    peculiar = any(name in class_dict(c) for c in made_here for name in _PECULIAR)
    return base if peculiar or base is not object else None


def _is_plain_exception(cls: type) -> bool:
    return issubclass(cls, BaseException)


def reduce_instance(obj: Any, kind: type, base: type, shared: frozenset[int]) -> tuple[Any, ...]:
    """The bare object, then its `__dict__`, slots and, for what can hold itself, its content.

    `shared`: ids of dictionaries that are more than one instance's, or a variable, too.
    """
    state: dict[str, Any] = {"slots": _slots(obj, kind)}
    own = _own_dict(obj, kind)
    if id(own) in shared:
        state["shared"] = own
    elif own:
        state["dict"] = dict(own)
    args: tuple[Any, ...] = ()
    if issubclass(base, dict):
        if base is collections.defaultdict:
            state["factory"] = class_dict(collections.defaultdict)["default_factory"].__get__(obj)
        items: Any = collections.OrderedDict.items if base is collections.OrderedDict else dict.items
        state["content"] = list(items(obj))
    elif base is list or base is set:
        state["content"] = list(base.__iter__(obj))
    elif base is collections.deque:
        state["content"] = list(collections.deque.__iter__(obj))
        state["factory"] = class_dict(collections.deque)["maxlen"].__get__(obj)
    elif base is tuple or base is frozenset:
        args = (list(base.__iter__(obj)),)
    elif issubclass(base, BaseException):
        args = _exception(obj, state)
    elif base is not object:
        args = (_plain(obj, base),)
    return links.bare, (kind, base, args), state, None, None, links.set_bare


def _plain(obj: Any, base: Any) -> Any:
    if base is str:
        return str.__str__(obj)
    if base is bytes or base is bytearray:
        return base.__getitem__(obj, slice(None))
    if base is complex:
        return complex(class_dict(complex)["real"].__get__(obj), class_dict(complex)["imag"].__get__(obj))
    return int.__index__(obj) if base is int else float.__float__(obj)


def plain_value(obj: Any) -> tuple[type | None, Any]:
    """The built-in type that holds the value of an instance which cannot change, and that value.

    `object` and None without one; None, None if it builds on something else that was made in C.
    """
    line = mro_of(type(obj))
    made_in_c = [c for c in line if c is not object and not c.__flags__ & _HEAP_TYPE]
    if not made_in_c:
        return object, None
    base: Any = next((b for b in PLAIN if b in line), None)
    if base is None or any(c not in mro_of(base) for c in made_in_c):
        return None, None
    return base, tuple(base.__iter__(obj)) if base is tuple or base is frozenset else _plain(obj, base)


def reduce_with_dictionary(obj: Any, own: Any, shared: frozenset[int]) -> tuple[Any, ...] | None:
    """As pickle does it, but with the dictionary `own` as the object that it is, if it is `shared`.

    None if pickle does it otherwise.
    """
    reduced = object.__reduce_ex__(obj, 5)
    if not isinstance(reduced, tuple):
        return None
    made, arguments, state, items, pairs = (*reduced, None, None)[:5]
    held, slots = state if type(state) is tuple and len(state) == 2 else (state, {})
    if held is not own and (held is not None or own):  # of an empty one, Python says None
        return None
    if id(own) not in shared:
        return made, arguments, (dict(own), slots or None), items, pairs
    return made, arguments, {"shared": own, "attributes": slots}, items, pairs, links.set_with_dictionary


def _own_dict(obj: Any, kind: type) -> Any:
    for cls in mro_of(kind):
        found = class_dict(cls).get("__dict__")
        if type(found) is types.GetSetDescriptorType:
            return found.__get__(obj)
    return None


def _slots(obj: Any, kind: type) -> list[tuple[type, str, Any]]:
    """(class, name, value) of what was set; the class, since two may have a slot of one name."""
    found = []
    for cls in mro_of(kind):
        if cls.__flags__ & _HEAP_TYPE:
            for name, descriptor in class_dict(cls).items():
                if type(descriptor) is types.MemberDescriptorType and not name.startswith("__weak"):
                    try:
                        found.append((cls, name, descriptor.__get__(obj, kind)))
                    except AttributeError:
                        pass
    return found


# -- exceptions -----------------------------------------------------------------------------------------------------


def _exception(obj: BaseException, state: dict[str, Any]) -> tuple[Any, ...]:
    """Arguments, what C keeps beside them (`errno`, `reason`, `value`), cause and context; the traceback stays behind."""
    state["args"] = BaseException.__dict__["args"].__get__(obj)
    fields = {}
    for cls in mro_of(type(obj)):
        if cls.__flags__ & _HEAP_TYPE or cls in (BaseException, object):
            continue
        for name, descriptor in class_dict(cls).items():
            if (
                type(descriptor) in (types.MemberDescriptorType, types.GetSetDescriptorType)
                and name[:1] != "_"
            ):
                try:
                    fields[name] = descriptor.__get__(obj)
                except AttributeError:
                    pass
    state["fields"] = fields
    for name in ("__cause__", "__context__", "__suppress_context__"):
        state[name] = BaseException.__dict__[name].__get__(obj)
    group = globals()["__builtins__"]
    groups = group["BaseExceptionGroup"] if isinstance(group, dict) else group.BaseExceptionGroup
    return tuple(state["args"]) if isinstance(obj, groups) else ()


def reduce_exception(obj: BaseException, shared: frozenset[int]) -> tuple[Any, ...]:
    """As `reduce_instance`, for exceptions of Python and of libraries that do not say how they are pickled."""
    kind = type(obj)
    return reduce_instance(obj, kind, BaseException, shared)


# -- bound methods --------------------------------------------------------------------------------------------------


def reduce_method(method: types.MethodType, is_elsewhere: Callable[[type], bool]) -> tuple[Any, ...]:
    """Bound to the function that the class has, in this component or, if the class `is_elsewhere`, by its name there."""
    owner, function = method.__self__, method.__func__
    for cls in (*mro_of(type(owner)), *(mro_of(owner) if isinstance(owner, type) else ())):
        if is_elsewhere(cls):
            for name, value in class_dict(cls).items():
                if value is function or (isinstance(value, classmethod) and value.__func__ is function):
                    return links.bound, (owner, cls, name)
    return links.method, (function, owner)
