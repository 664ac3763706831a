"""The scopes of a block: which names each function, class, lambda and comprehension binds.

Built in one pass before the flow analysis, because Python decides what is local by looking at the whole body.
A name resolves to a `Key`: a plain string for a name of the block's namespace, a pair (scope number, name)
for a name of a class body, and None for a function's local, which no other block can see.
"""

from __future__ import annotations

import ast

Key = str | tuple[int, str]

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Scope:
    """One scope. `kind` is module, class, function (also lambda), comprehension or types (type
    parameters)."""

    __slots__ = (
        "bound",
        "definitions",
        "deleted",
        "globals",
        "kind",
        "name",
        "nonlocals",
        "number",
        "parent",
    )

    def __init__(self, number: int, kind: str, parent: Scope | None, name: str = "") -> None:
        self.number = number
        self.kind = kind
        self.parent = parent
        self.name = name
        self.bound: set[str] = set()
        self.globals: set[str] = set()
        self.nonlocals: set[str] = set()
        self.deleted: set[str] = set()
        self.definitions: dict[str, list[ast.AST]] = {}

    def resolve(self, name: str) -> Key | None:
        """Return the key that `name` means in this scope, or None for a local of a function."""
        scope: Scope | None = self
        while scope is not None and scope.kind != "module":
            if name in scope.globals:
                break
            if scope.kind == "class":
                if name == "__class__" and scope is not self:
                    return None
                if scope is self and name in scope.bound and name not in scope.nonlocals:
                    return scope.number, name
            elif name in scope.bound and name not in scope.nonlocals:
                return None
            scope = scope.parent
        return self.mangled(name)

    def mangled(self, name: str) -> str:
        if not name.startswith("__") or name.endswith("__"):
            return name
        scope: Scope | None = self
        while scope is not None:
            if scope.kind == "class" and scope.name.strip("_"):
                return "_" + scope.name.lstrip("_") + name
            scope = scope.parent
        return name


class Scopes:
    """Every scope of a tree, by the node that opens it, and what follows for the block's namespace.

    `definitions`: functions, lambdas and classes that a key may hold. `unstable`: names that a function may
    delete at any time. `deleted`: those and the names that the block itself deletes.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.module = Scope(0, "module", None)
        self.definitions: dict[Key, list[ast.AST]] = {}
        self.unstable: set[str] = set()
        self.deleted: set[str] = set()
        self._by_node: dict[int, Scope] = {}
        self._types: dict[int, Scope] = {}
        self._count = 1
        self._work: list[tuple[Scope, list[ast.AST]]] = [(self.module, list(tree.body))]
        all_scopes = [self.module]
        while self._work:
            scope, nodes = self._work.pop()
            if scope is not self.module:
                all_scopes.append(scope)
            self._collect(scope, nodes)
        for scope in all_scopes:
            self._publish(scope)

    def of(self, node: ast.AST) -> Scope:
        """Return the scope that `node` opens."""
        return self._by_node[id(node)]

    def types_of(self, node: ast.AST) -> Scope | None:
        """Return the scope of the type parameters of `node`, if it has any."""
        return self._types.get(id(node))

    def _publish(self, scope: Scope) -> None:
        for name in scope.deleted:
            key = scope.resolve(name)
            if isinstance(key, str):
                self.deleted.add(key)
                if _runs_later(scope):
                    self.unstable.add(key)
        for name, nodes in scope.definitions.items():
            found = scope.resolve(name)
            if found is not None:
                self.definitions.setdefault(found, []).extend(nodes)

    def _open(self, node: ast.AST, kind: str, parent: Scope, body: list[ast.AST], name: str = "") -> Scope:
        scope = Scope(self._count, kind, parent, name)
        self._count += 1
        self._by_node[id(node)] = scope
        self._work.append((scope, body))
        return scope

    def _parent_with_types(self, node: ast.AST, scope: Scope) -> Scope:
        parameters = getattr(node, "type_params", None)
        if not parameters:
            return scope
        inner = Scope(self._count, "types", scope)
        self._count += 1
        inner.bound.update(parameter.name for parameter in parameters)
        self._types[id(node)] = inner
        return inner

    def _collect(self, scope: Scope, nodes: list[ast.AST]) -> None:
        stack = nodes
        while stack:
            node = stack.pop()
            if isinstance(node, ast.Name):
                if isinstance(node.ctx, ast.Store):
                    scope.bound.add(node.id)
                elif isinstance(node.ctx, ast.Del):
                    scope.bound.add(node.id)
                    scope.deleted.add(node.id)
            elif isinstance(node, FUNCTIONS):
                self._define(scope, node.name, node)
                stack.extend(node.decorator_list)
                stack.extend(argument_defaults(node.args))
                self._open_function(node, self._parent_with_types(node, scope), list(node.body))
            elif isinstance(node, ast.Lambda):
                stack.extend(argument_defaults(node.args))
                self._open_function(node, scope, [node.body])
            elif isinstance(node, ast.ClassDef):
                self._define(scope, node.name, node)
                stack.extend(node.decorator_list)
                stack.extend(node.bases)
                stack.extend(keyword.value for keyword in node.keywords)
                parent = self._parent_with_types(node, scope)
                inner = self._open(node, "class", parent, list(node.body), node.name)
                inner.bound.update(("__module__", "__qualname__"))
            elif isinstance(node, COMPREHENSIONS):
                stack.append(node.generators[0].iter)
                self._open(node, "comprehension", scope, comprehension_body(node))
            elif isinstance(node, ast.NamedExpr):
                owner = scope
                while owner.kind == "comprehension" and owner.parent is not None:
                    owner = owner.parent
                owner.bound.add(node.target.id)
                stack.append(node.value)
            elif isinstance(node, ast.Global):
                scope.globals.update(node.names)
            elif isinstance(node, ast.Nonlocal):
                scope.nonlocals.update(node.names)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                scope.bound.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
            else:
                self._collect_other(scope, node)
                stack.extend(ast.iter_child_nodes(node))

    def _collect_other(self, scope: Scope, node: ast.AST) -> None:
        if isinstance(node, ast.ExceptHandler):
            if node.name:
                scope.bound.add(node.name)
                scope.deleted.add(node.name)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    scope.definitions.setdefault(target.id, []).append(node.value)
        elif type(node).__name__ in ("MatchAs", "MatchStar"):
            name = getattr(node, "name", None)
            if name:
                scope.bound.add(name)
        elif type(node).__name__ == "MatchMapping":
            rest = getattr(node, "rest", None)
            if rest:
                scope.bound.add(rest)

    def _define(self, scope: Scope, name: str, node: ast.AST) -> None:
        scope.bound.add(name)
        scope.definitions.setdefault(name, []).append(node)

    def _open_function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, parent: Scope, body: list[ast.AST]
    ) -> None:
        scope = self._open(node, "function", parent, body)
        arguments = node.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            scope.bound.add(argument.arg)
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                scope.bound.add(extra.arg)


def _runs_later(scope: Scope | None) -> bool:
    while scope is not None:
        if scope.kind == "function":
            return True
        scope = scope.parent
    return False


def argument_defaults(arguments: ast.arguments) -> list[ast.AST]:
    """Return the default values of `arguments`, which are evaluated where the function is defined."""
    return [*arguments.defaults, *(default for default in arguments.kw_defaults if default is not None)]


def comprehension_body(node: ast.AST) -> list[ast.AST]:
    """Return what a comprehension evaluates in a scope of its own: everything but the first iterable."""
    generators = node.generators  # type: ignore[attr-defined]
    body: list[ast.AST] = []
    for index, generator in enumerate(generators):
        body.append(generator.target)
        if index:
            body.append(generator.iter)
        body.extend(generator.ifs)
    if isinstance(node, ast.DictComp):
        body.extend((node.key, node.value))
    else:
        body.append(node.elt)  # type: ignore[attr-defined]
    return body
