"""What names mean in Python and in a block: import aliases, names that give access to every other name."""

# ruff: noqa: SIM905 - lists of words read better as text

from __future__ import annotations

import ast
import re
import sys

IDENTIFIER = re.compile(r"[^\W\d]\w*")

KEYWORDS = frozenset(
    "False None True and as assert async await break class continue def del elif else except finally "
    "for from global if import in is lambda nonlocal not or pass raise return try while with yield".split()
)

# Set by the runtime for every block, or by Python for every module; no block hands them to another.
MODULE_NAMES = frozenset(
    "__name__ __doc__ __file__ __builtins__ __package__ __loader__ __spec__ __annotations__ __debug__ "
    "__annotate__ __conditional_annotations__".split()
)

# Read as a plain name, each of these reaches names that the source does not show.
DYNAMIC_NAMES = frozenset(("globals", "locals", "vars", "dir", "eval", "exec", "get_ipython"))

_DYNAMIC_ATTRIBUTES = frozenset(("f_globals", "f_locals", "__globals__", "currentframe", "_getframe"))

_INERT_DECORATORS = frozenset((
    "abc.abstractmethod", "contextlib.asynccontextmanager", "contextlib.contextmanager",
    "dataclasses.dataclass", "functools.cache", "functools.cached_property", "functools.lru_cache",
    "functools.singledispatch", "functools.total_ordering", "functools.wraps", "typing.final",
    "typing.no_type_check", "typing.overload", "typing.override", "typing.runtime_checkable",
))  # fmt: skip
_INERT_BUILTIN_DECORATORS = frozenset(("classmethod", "property", "staticmethod"))
_PROPERTY_PARTS = frozenset(("deleter", "getter", "setter"))

_INERT_BASES = frozenset(
    ("abc.ABC", "typing.Generic", "typing.NamedTuple", "typing.Protocol", "typing.TypedDict")
)
_INERT_BUILTIN_BASES = frozenset(
    "ArithmeticError AttributeError BaseException Exception ImportError IndexError KeyError "
    "LookupError NameError NotImplementedError OSError RuntimeError StopIteration TypeError "
    "ValueError Warning UserWarning bool bytearray bytes complex dict float frozenset int list object "
    "set str tuple type".split()
)


class Aliases:
    """What the block's imports call things: `np` is `numpy`, `now` is `datetime.datetime.now`.

    Only names that nothing but imports bind; `modules` lists what is imported, in order of appearance.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.modules: list[str] = []
        self.attributes: set[str] = set()
        self._dotted: dict[str, str] = {}
        self.bound: set[str] = set()
        self.lazy_annotations = sys.version_info >= (3, 14)
        listed: set[str] = set()
        imports: list[ast.stmt] = []
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                if not isinstance(node.ctx, ast.Load):
                    self.bound.add(node.id)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                imports.append(node)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self.bound.add(node.name)
            elif isinstance(node, ast.arg):
                self.bound.add(node.arg)
            elif isinstance(node, ast.Attribute):
                self.attributes.add(node.attr)
        imports.sort(key=lambda node: (node.lineno, node.col_offset))
        for node in imports:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self._note(alias.name, listed)
                    name = alias.asname or alias.name.partition(".")[0]
                    self._dotted.setdefault(name, alias.name if alias.asname else name)
            elif isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                self._note(module, listed)
                if module == "__future__":
                    self.lazy_annotations |= any(alias.name == "annotations" for alias in node.names)
                for alias in node.names:
                    self._dotted.setdefault(alias.asname or alias.name, module + "." + alias.name)

    def _note(self, module: str, listed: set[str]) -> None:
        if module not in listed and module != "__future__":
            listed.add(module)
            self.modules.append(module)

    def dotted(self, node: ast.AST) -> str | None:
        """Return the full name of `node` ("numpy.random.rand") if it is an attribute path of something
        imported."""
        path = path_of(node)
        if path is None:
            return None
        first, _, rest = path.partition(".")
        if first in self.bound or first not in self._dotted:
            return None
        return self._dotted[first] + ("." + rest if rest else "")

    def is_type_checking(self, node: ast.AST) -> bool:
        return self.dotted(node) in ("typing.TYPE_CHECKING", "typing_extensions.TYPE_CHECKING")

    def inert_decorator(self, node: ast.AST) -> bool:
        """Tell whether a decorator is known not to call what it decorates at once."""
        target = node.func if isinstance(node, ast.Call) else node
        if isinstance(target, ast.Name) and target.id in _INERT_BUILTIN_DECORATORS:
            return target.id not in self.bound and target.id not in self._dotted
        if isinstance(target, ast.Attribute) and target.attr in _PROPERTY_PARTS:
            return isinstance(target.value, ast.Name)
        return self.dotted(target) in _INERT_DECORATORS

    def called_when_defined(self, node: ast.ClassDef) -> bool:
        """Tell whether defining this class may already run its methods: a metaclass, a base or a decorator
        can."""
        if node.keywords or not all(self.inert_decorator(decorator) for decorator in node.decorator_list):
            return True
        return not all(self._inert_base(base) for base in node.bases)

    def _inert_base(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Subscript):
            return self._inert_base(node.value)
        if isinstance(node, ast.Name) and node.id in _INERT_BUILTIN_BASES:
            return node.id not in self.bound and node.id not in self._dotted
        return self.dotted(node) in _INERT_BASES


def path_of(node: ast.AST) -> str | None:
    """Return "a.b.c" for an attribute path that starts at a name, or None."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    parts.append(node.id)
    return ".".join(reversed(parts))


def dynamic_access(tree: ast.Module, aliases: Aliases) -> str:
    """Return in words how the block reaches its namespace without naming names, or "" if it does not.

    Plain names such as `globals` are found by the flow analysis; these are the ways through modules and
    frames.
    """
    if "__main__" in aliases.modules:
        return "imports `__main__`, the namespace itself"
    frames = _DYNAMIC_ATTRIBUTES & aliases.attributes
    if frames:
        return "uses `" + min(frames) + "`, which reaches every name"
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and _is_modules(node.value) and _names_main(node.slice):
            return "looks up its own module in `sys.modules`"
        if isinstance(node, ast.Call) and node.args and _names_main(node.args[0]):
            function = node.func
            name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
            if name in ("__import__", "import_module"):
                return "imports `__main__`, the namespace itself"
            if name in ("get", "pop") and isinstance(function, ast.Attribute) and _is_modules(function.value):
                return "looks up its own module in `sys.modules`"
    return ""


def _is_modules(node: ast.AST) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "modules") or (
        isinstance(node, ast.Name) and node.id == "modules"
    )


def _names_main(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        return node.id == "__name__"
    return isinstance(node, ast.Constant) and node.value == "__main__"
