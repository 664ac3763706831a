"""What a component's pickle stream calls when it is loaded.

A stream never names attempts, files or lines: definitions in other slots are reached by index through the current
`Context`, and code objects take their file names and line numbers from the component's debug list. So equal content
has equal bytes, run after run.
"""

from __future__ import annotations

import gc
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

from easel_runtime import _easel

# Python's own fields of a code object that say where it came from, not what it does.
DEBUG_FIELDS = ("co_filename", "co_firstlineno", "co_linetable")
CODE_FIELDS = tuple(
    field
    for field in (
        "co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_nlocals", "co_stacksize", "co_flags", "co_code",
        "co_consts", "co_names", "co_varnames", "co_name", "co_qualname", "co_exceptiontable", "co_freevars",
        "co_cellvars",
    )
    if hasattr((lambda: None).__code__, field)
)  # fmt: skip


class Context:
    """Where the stream that is being loaded finds the namespace, other slots and its debug list."""

    def __init__(
        self,
        namespace: dict[str, Any],
        member: Callable[[int, str], Any],
        debug: list[dict[str, Any]],
    ) -> None:
        self.namespace = namespace
        self.member = member
        self.debug = debug
        self.finishers: list[Callable[[], Any]] = []  # called when the stream is loaded


_stack: list[Context] = []


class loading:
    """Make `context` the current one while a stream is loaded; nests, since a link may load another slot."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def __enter__(self) -> None:
        _stack.append(self.context)

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            for finish in self.context.finishers if kind is None else ():
                finish()
        finally:
            _stack.pop()


def member(index: int, name: str) -> Any:
    return _stack[-1].member(index, name)


_template = (lambda: None).__code__


def code(debug_index: int, fields: dict[str, Any]) -> types.CodeType:
    debug = _stack[-1].debug
    extra = debug[debug_index] if debug_index < len(debug) else {}
    where = {
        "co_filename": extra.get("filename", "<block>"),
        "co_firstlineno": extra.get("line", 1),
        "co_linetable": bytes.fromhex(extra.get("lines", "")),
    }
    return _template.replace(**fields, **where)


def cell() -> types.CellType:
    return types.CellType()


def set_cell(target: types.CellType, contents: tuple[Any, ...]) -> None:
    if contents:
        target.cell_contents = contents[0]


def function(
    code_object: types.CodeType,
    home: str | dict[str, Any] | None,
    name: str,
    closure: tuple[types.CellType, ...] | None,
) -> types.FunctionType:
    """A function whose globals are the block's namespace (`home` None), a module's, or a dict of its own."""
    if home is None:
        scope = _stack[-1].namespace
    elif isinstance(home, str):
        import importlib

        scope = importlib.import_module(home).__dict__
    else:
        scope = home
        scope.setdefault("__builtins__", __builtins__)
    return types.FunctionType(code_object, scope, name, None, closure)


def set_function(target: types.FunctionType, state: dict[str, Any]) -> None:
    target.__defaults__ = state["defaults"]
    target.__kwdefaults__ = state["kwdefaults"]
    target.__annotations__ = state["annotations"]
    target.__qualname__ = state["qualname"]
    target.__module__ = state["module"]
    target.__doc__ = state["doc"]
    target.__dict__.update(state["dict"])
    if "shared" in state:
        _set_dictionary(target, state["shared"])


def _quiet(_: type, /, **__: Any) -> None:
    """Stands for `__init_subclass__` while classes are rebuilt: its effects are in the stored attributes."""


class _QuietSubclassHook:
    """Keep `__init_subclass__` of the bases from running again."""

    def __init__(self, bases: tuple[type, ...]) -> None:
        self.saved: list[tuple[type, Any]] = []
        for base in bases:
            for ancestor in base.__mro__:
                hook = ancestor.__dict__.get("__init_subclass__")
                if (
                    hook is not None
                    and ancestor is not object
                    and not any(a is ancestor for a, _ in self.saved)
                ):
                    self.saved.append((ancestor, hook))

    def __enter__(self) -> None:
        for ancestor, _ in self.saved:
            try:
                type.__setattr__(ancestor, "__init_subclass__", classmethod(_quiet))
            except TypeError:
                pass  # an immutable C type: its hook runs, as at the first definition

    def __exit__(self, *_: object) -> None:
        for ancestor, hook in self.saved:
            try:
                type.__setattr__(ancestor, "__init_subclass__", hook)
            except TypeError:
                pass


def _bare_new(cls: type, *args: Any, **_: Any) -> Any:
    """Stands for the `__new__` of a class that is not finished."""
    base: Any = next(c for c in cls.__mro__ if not c.__flags__ & (1 << 9))
    return base.__new__(cls, *(() if base is object else args))


def _no_attribute(_: Any, name: str) -> Any:
    raise AttributeError(name)


# What Python itself calls while other parts of the component are made from a class that is not finished. `__hash__` and
# `__eq__` have none: what is put into a set or dict too early must fail, and be named, instead of being lost there.
_PLACEHOLDERS: dict[str, Any] = {
    "__init_subclass__": classmethod(_quiet),
    "__new__": staticmethod(_bare_new),
    "__getattribute__": object.__getattribute__,
    "__getattr__": _no_attribute,
    "__setattr__": object.__setattr__,
    "__del__": lambda _: None,
    "__class_getitem__": classmethod(lambda cls, _: cls),
    "__instancecheck__": type.__instancecheck__,
    "__subclasscheck__": type.__subclasscheck__,
    "__subclasshook__": classmethod(lambda _, __: NotImplemented),
}


def class_skeleton(
    meta: type,
    name: str,
    qualname: str,
    module: str,
    bases: tuple[type, ...],
    slots: Any,
    names: tuple[str, ...],
) -> type:
    """A class without its attributes; `names` are theirs, so that their order stays."""
    body: dict[str, Any] = {
        "__module__": module,
        **{a: _PLACEHOLDERS.get(a) for a in names},
        "__qualname__": qualname,
    }
    if slots is not None:
        body["__slots__"] = slots
    with _QuietSubclassHook(bases):
        return type.__new__(meta, name, bases, body)


# Setting these on a class would change the class itself instead of what its instances have.
_OF_TYPE = frozenset(("__class__", "__dict__", "__name__", "__bases__", "__mro__", "__base__", "__flags__"))


def set_class(target: type, state: dict[str, Any]) -> None:
    for name, value in state["attributes"].items():
        if name in _OF_TYPE:
            gc.get_referents(target.__dict__)[0][name] = value  # the dictionary behind the proxy
        else:
            type.__setattr__(target, name, value)
    if "finish" in state:
        _stack[-1].finishers.append(lambda: finish_class(target, state["finish"]))
    if "registered" in state:
        import _abc  # what abc.ABCMeta itself uses

        _abc._abc_init(target)
        for subclass in state["registered"]:
            type(target).register(target, subclass)  # type: ignore[attr-defined]


def finish_class(target: Any, how: str) -> None:
    """Let the library of a class make again what `models.without_compiled` took out."""
    if how == "pydantic":
        target.model_rebuild(force=True, raise_errors=False)
    elif how == "pydantic_dataclass":
        import importlib

        importlib.import_module("pydantic.dataclasses").rebuild_dataclass(
            target, force=True, raise_errors=False
        )


def set_layout(figure: Any, layout: Any) -> None:
    """Give the layout of a plotly figure its order again."""
    pairs = [(figure._layout, layout)]
    while pairs:
        target, like = pairs.pop()
        if type(target) is dict and type(like) is dict:
            ordered = {key: target[key] for key in like if key in target} | target
            target.clear()
            target.update(ordered)
            pairs.extend((target[key], like[key]) for key in like if key in target)
        elif type(target) is type(like) and isinstance(target, (list, tuple)):
            pairs.extend(zip(target, like, strict=False))


def bare(kind: type, base: type, args: tuple[Any, ...]) -> Any:
    """An instance as its built-in base makes it, without any code of its class."""
    maker: Any = base
    if issubclass(base, BaseException):
        maker = next(c for c in kind.__mro__ if not c.__flags__ & (1 << 9))  # e.g. OSError
    return maker.__new__(kind, *args)


def set_bare(target: Any, state: dict[str, Any]) -> None:
    for cls, name, value in state["slots"]:
        cls.__dict__[name].__set__(target, value)
    if "shared" in state:
        _set_dictionary(target, state["shared"])
    elif "dict" in state:
        _dictionary(target).__get__(target).update(state["dict"])
    if "args" in state:
        _set_exception(target, state)
    elif "content" in state:
        _fill(target, state["content"], state.get("factory"))


def set_with_dictionary(target: Any, state: dict[str, Any]) -> None:
    _set_dictionary(target, state["shared"])
    for name, value in state["attributes"].items():
        setattr(target, name, value)


def _dictionary(target: Any) -> Any:
    """What gives and sets the `__dict__` of an instance, whatever its class says of it."""
    found = (cls.__dict__.get("__dict__") for cls in type(target).__mro__)
    return next(d for d in found if type(d) is types.GetSetDescriptorType)


def _set_dictionary(target: Any, own: dict[str, Any]) -> None:
    """Let `own` be the `__dict__`: it is held elsewhere, too. It may not be filled yet."""
    _dictionary(target).__set__(target, own)
    _stack[-1].finishers.append(lambda: _intern_keys(own))


def _intern_keys(own: dict[str, Any]) -> None:
    """As Python has the names of attributes: the stream says which strings are one object."""
    if type(own) is dict and set(map(type, own)) == {str}:
        items = [(sys.intern(name), value) for name, value in own.items()]
        own.clear()
        own.update(items)


def _fill(target: Any, content: list[Any], factory: Any) -> None:
    import collections

    if isinstance(target, collections.OrderedDict):
        for key, value in content:
            collections.OrderedDict.__setitem__(target, key, value)
    elif isinstance(target, dict):
        if isinstance(target, collections.defaultdict):
            collections.defaultdict.__init__(target, factory)
        for key, value in content:
            dict.__setitem__(target, key, value)
    elif isinstance(target, list):
        list.extend(target, content)
    elif isinstance(target, set):
        set.update(target, content)
    else:
        collections.deque.__init__(target, content, factory)


def _set_exception(target: Any, state: dict[str, Any]) -> None:
    BaseException.__dict__["args"].__set__(target, state["args"])
    for name, value in state["fields"].items():
        for cls in type(target).__mro__:
            found: Any = cls.__dict__.get(name)
            if type(found) in (types.MemberDescriptorType, types.GetSetDescriptorType):
                try:
                    if (
                        value is not None or found.__get__(target) is not None
                    ):  # an OSError tells None from nothing
                        found.__set__(target, value)
                except (AttributeError, TypeError):
                    pass  # read-only: it comes from the arguments
                break
    for name in ("__cause__", "__context__", "__suppress_context__"):
        BaseException.__dict__[name].__set__(target, state[name])


def method(function_: Any, owner: Any) -> types.MethodType:
    return types.MethodType(function_, owner)


def bound(owner: Any, cls: type, name: str) -> types.MethodType:
    """The method `name` of `cls`, bound to `owner`."""
    function_ = cls.__dict__[name]
    if isinstance(function_, classmethod):
        function_ = function_.__func__
    return types.MethodType(function_, owner)


def instance(cls: type, value: Any, has_value: bool) -> Any:
    """An enum member of a class that is being rebuilt, made without the enum's own lookup."""
    for base in cls.__mro__:
        if base in (int, str, float, bytes, complex, tuple, frozenset) and has_value:
            return base.__new__(cls, value)
    return object.__new__(cls)


def set_instance(target: Any, state: dict[str, Any]) -> None:
    target.__dict__.update(state)


def enum_member(cls: Any, name: str) -> Any:
    return cls[name]


def enum_value(cls: Any, value: Any) -> Any:
    return cls(value)


def named_tuple(name: str, fields: tuple[str, ...], defaults: tuple[Any, ...], module: str) -> type:
    import collections

    return collections.namedtuple(name, fields, defaults=defaults, module=module)


def logger(name: str, level: int, propagate: bool, disabled: bool) -> Any:
    import logging

    found = logging.getLogger(name if name != "root" else None)
    found.setLevel(level)
    found.propagate, found.disabled = propagate, disabled
    return found


def mapping_proxy(content: Mapping[Any, Any]) -> types.MappingProxyType[Any, Any]:
    return types.MappingProxyType(content)


def class_proxy(cls: type) -> Any:
    """What `cls.__dict__` shows: the dictionary of the class itself."""
    return type.__dict__["__dict__"].__get__(cls)


def lru_cache(wrapped: Any, maxsize: int | None, typed: bool) -> Any:
    import functools

    return functools.lru_cache(maxsize, typed)(wrapped)


def set_attributes(target: Any, attributes: dict[str, Any]) -> None:
    target.__dict__.update(attributes)


def single_dispatch(default: Any, registry: list[tuple[type, Any]]) -> Any:
    import functools

    dispatcher = functools.singledispatch(default)
    for kind, implementation in registry:
        if kind is not object:
            dispatcher.register(kind, implementation)
    return dispatcher


def cached_property(function_: Any, name: str | None) -> Any:
    import functools

    made = functools.cached_property(function_)
    made.attrname = name
    return made


def type_variable(kind: str, name: str, module: str, settings: dict[str, Any]) -> Any:
    import typing

    more = dict(settings)
    made = getattr(typing, kind)(name, *more.pop("constraints", ()), **more)
    try:
        made.__module__ = module
    except AttributeError:
        pass
    return made


def new_type(name: str, qualname: str, module: str, supertype: Any) -> Any:
    import typing

    maker: Any = typing.NewType
    made = maker(name, supertype)
    made.__qualname__, made.__module__ = qualname, module
    return made


def type_alias(name: str, value: Any, parameters: tuple[Any, ...]) -> Any:
    import typing

    return typing.TypeAliasType(name, value, type_params=parameters)  # type: ignore[attr-defined]


def sentinel(module: str, name: str) -> Any:
    import importlib

    return getattr(importlib.import_module(module), name)


def tensor_storage(buffer: Any) -> Any:
    """Memory for tensors: bytes of the component as a one-dimensional torch tensor."""
    import importlib

    torch: Any = importlib.import_module("torch")
    return torch.frombuffer(
        buffer if not memoryview(buffer).readonly else bytearray(buffer), dtype=torch.uint8
    )


def tensor(
    storage: Any,
    dtype: str,
    offset: int,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    grad: bool,
    parameter: bool,
) -> Any:
    import importlib

    torch: Any = importlib.import_module("torch")
    made = torch.empty(0, dtype=getattr(torch, dtype)).set_(storage.untyped_storage(), offset, size, stride)
    if parameter:
        return torch.nn.Parameter(made, grad)
    made.requires_grad_(grad)
    return made


def set_tensor(target: Any, state: dict[str, Any]) -> None:
    target.grad = state["grad"]
    target.__dict__.update(state["dict"])


def array_view(base: Any, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], dtype: Any) -> Any:
    """A numpy array that looks into another one's memory: `offset` in bytes from the base's first byte."""
    import numpy

    return numpy.ndarray(shape, dtype, base if base.flags.c_contiguous else base.T, offset, strides)


def array_as(plain: Any, kind: Any) -> Any:
    """An array of a subclass, on the memory of a plain one."""
    import numpy

    return numpy.ndarray.view(plain, kind)


def record(array_of_one: Any) -> Any:
    """The element of a structured array of no dimensions, which looks into its memory."""
    return array_of_one[()]


def object_view(base: Any, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    """A numpy array of objects that looks into another one, which numpy makes of no buffer."""
    import numpy

    flat = (base if base.flags.c_contiguous else base.T).reshape(-1)
    return numpy.lib.stride_tricks.as_strided(flat[offset // base.itemsize :], shape, strides)


def set_writeable(target: Any, writeable: bool) -> None:
    target.flags.writeable = writeable


class _Memory:
    """Bytes for numpy to look at; `owner` keeps them alive."""

    def __init__(self, owner: Any, interface: dict[str, Any]) -> None:
        self.owner = owner
        self.__array_interface__ = interface


def memory(owner: Any, address: int, length: int, readonly: bool) -> Any:
    """Memory that `owner` keeps as a numpy array of bytes, whatever is in it (dates have no buffers)."""
    import numpy

    interface = {"data": (address, readonly), "shape": (length,), "typestr": "|u1", "version": 3}
    return numpy.asarray(_Memory(owner, interface))


def array(
    buffer: Any,
    dtype: Any,
    shape: tuple[int, ...],
    offset: int,
    strides: tuple[int, ...] | None,
    lock: int,
) -> Any:
    """A numpy array over a buffer. `lock`: 0 writeable, 1 read-only until the program says otherwise, 2 read-only."""
    import numpy

    if lock == 1 and isinstance(buffer, memoryview):
        whole = memoryview(buffer.obj)  # pickle has handed out a read-only view
        start = _easel.address(buffer) - _easel.address(whole)
        buffer = whole[start : start + buffer.nbytes]
    elif lock == 2:  # numpy would find the writeable memory behind the view
        buffer = memory(buffer, _easel.address(buffer), buffer.nbytes, True)
    made = numpy.ndarray(shape, dtype, buffer, offset, strides)
    if lock:
        made.flags.writeable = False
    return made


def small_array(
    data: bytes, dtype: Any, shape: tuple[int, ...], axes: tuple[int, ...] | None, lock: int
) -> Any:
    """A numpy array of its own memory, `axes` in the order in which they lie there (None: as they are)."""
    import numpy

    found = numpy.ndarray(shape, dtype, data)
    if axes is None:
        made = found.copy()
    else:
        back = tuple(axes.index(axis) for axis in range(len(axes)))
        made = numpy.empty(tuple(shape[axis] for axis in axes), dtype).transpose(back)
        made[...] = found
    if lock:
        made.flags.writeable = False
    return made


def large_bytes(buffer: memoryview) -> bytes:
    return bytes(buffer)


def large_bytearray(buffer: memoryview) -> bytearray:
    return bytearray(buffer)
