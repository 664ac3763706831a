"""Flow analysis of a block: which names it may read before it has definitely assigned them itself.

An abstract run of the syntax tree. The state at each point is the set of keys that are assigned on every path that
leads there, or None where no path leads. It errs towards "read": a name reported without need costs a load, a name
missed would make a stale result look fresh.

Code that runs later (bodies of functions, methods, lambdas) is summarised once and counts where the name that holds
it is loaded, minus what is assigned by then. That is enough: from there on names can only become assigned, and names
that something deletes (`Scopes.deleted`) are never taken as assigned in such code.
"""

from __future__ import annotations

import ast
from typing import Callable, Iterable, Optional, Union

from . import contexts
from .names import DYNAMIC_NAMES, IDENTIFIER, KEYWORDS, MODULE_NAMES, Aliases
from .scopes import COMPREHENSIONS, FUNCTIONS, Key, Scope, Scopes, argument_defaults, comprehension_body
from .summary import Summary

State = Optional[set[Key]]
Function = Union[ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda]

_MAX_STRING = 100_000


class Unit:
    """What all flows of one block share: its scopes, import aliases and the summaries made so far."""

    def __init__(self, tree: ast.Module) -> None:
        self.scopes = Scopes(tree)
        self.aliases = Aliases(tree)
        self.lazy_annotations = self.aliases.lazy_annotations
        self._summaries: dict[int, Summary] = {}
        self._closures: dict[Key, Summary] = {}

    def summary(self, node: ast.AST) -> Summary:
        """Return the summary of a function, a lambda, or all functions of a class."""
        found = self._summaries.get(id(node))
        if found is not None:
            return found
        # Registered before it is filled: a class or function may mention itself.
        summary = self._summaries[id(node)] = Summary()
        scope = self.scopes.of(node)
        if isinstance(node, ast.ClassDef):
            for nodes in scope.definitions.values():
                for inner in nodes:
                    part = self.summary(inner)
                    summary.reads |= part.reads
                    summary.possible |= part.possible
                    summary.add_effects(part)
        else:
            flow = Flow(self, scope, summary, deferred=True)
            if isinstance(node, ast.Lambda):
                flow.expression(node.body)
            else:
                flow.block(body_after_docstring(node))
        return summary

    def closure(self, key: Key) -> Summary:
        """Return what the definitions that `key` may hold do, with all that they call in turn."""
        found = self._closures.get(key)
        if found is None:
            found = self._closures[key] = Summary()
            for node in self.scopes.definitions.get(key, ()):
                self._include(found, self.summary(node))
            pending = list(found.loads)
            seen: set[Key] = {key}
            while pending:
                name = pending.pop()
                if name in seen:
                    continue
                seen.add(name)
                for node in self.scopes.definitions.get(name, ()):
                    part = self.summary(node)
                    self._include(found, part)
                    pending.extend(part.loads)
        return found

    @staticmethod
    def _include(target: Summary, part: Summary) -> None:
        target.reads |= part.reads
        target.possible |= part.possible
        target.add_effects(part)


class _Loop:
    __slots__ = ("breaks", "continues")

    def __init__(self) -> None:
        self.breaks: list[State] = []
        self.continues: list[State] = []


class Flow:
    """One abstract run: of the block itself, or (`deferred`) of a body that runs later."""

    def __init__(self, unit: Unit, scope: Scope, sink: Summary, deferred: bool) -> None:
        self.unit = unit
        self.scope = scope
        self.sink = sink
        self.deferred = deferred
        self.state: State = set()
        self._loops: list[_Loop] = []
        self._handlers: dict[type, Callable[[ast.AST], None]] = {}

    # Names

    def load(self, name: str) -> None:
        if self.state is None:
            return
        key = self.scope.resolve(name)
        if key is None:
            return
        if not isinstance(key, str):
            self._use_definitions(key)
            if key in self.state:
                return
            key = self.scope.mangled(name)
        self._use_definitions(key)
        if key in self.state and not (self.deferred and key in self.unit.scopes.deleted):
            return
        if key in MODULE_NAMES:
            return
        if key in DYNAMIC_NAMES:
            self.sink.dynamic.add(key)
        self.sink.reads.add(key)

    def store(self, name: str) -> None:
        if self.state is None:
            return
        key = self.scope.resolve(name)
        if key is None:
            return
        if isinstance(key, str):
            self.sink.writes.add(key)
            if key in self.unit.scopes.unstable:
                return
            if self.deferred and key in self.unit.scopes.deleted:
                return
        self.state.add(key)

    def unbind(self, name: str) -> None:
        if self.state is None:
            return
        key = self.scope.resolve(name)
        if key is None:
            return
        if isinstance(key, str):
            self.sink.deletes.add(key)
        self.state.discard(key)

    def _use_definitions(self, key: Key) -> None:
        if self.deferred:
            self.sink.loads.add(key)
        if key in self.unit.scopes.definitions and (not self.deferred or not isinstance(key, str)):
            self._use(self.unit.closure(key))

    def _use(self, summary: Summary) -> None:
        """Count code that runs later as if it could run from here on."""
        if self.state is None:
            return
        trusted = self.state - self.unit.scopes.deleted
        self.sink.reads |= summary.reads - trusted
        self.sink.possible |= summary.possible - trusted
        self.sink.add_effects(summary)
        if not self.deferred:
            for key in summary.loads:
                if key in self.unit.scopes.definitions:
                    closure = self.unit.closure(key)
                    self.sink.reads |= closure.reads - trusted
                    self.sink.possible |= closure.possible - trusted
                    self.sink.add_effects(closure)

    # Statements

    def block(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            if self.state is None:
                return
            self.visit(statement)

    def visit(self, node: ast.AST) -> None:
        handler = self._handlers.get(node.__class__)
        if handler is None:
            handler = getattr(self, "_visit_" + node.__class__.__name__, self._visit_children)
            self._handlers[node.__class__] = handler
        handler(node)

    def expression(self, node: Optional[ast.AST]) -> None:
        if node is not None and self.state is not None:
            self.visit(node)

    def _visit_children(self, node: ast.AST) -> None:
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                self.visit(value)
            elif isinstance(value, list):
                for element in value:
                    if isinstance(element, ast.AST):
                        self.visit(element)

    def _visit_Assign(self, node: ast.Assign) -> None:
        held = isinstance(node.value, ast.Lambda) and all(
            isinstance(target, ast.Name) and self.scope.resolve(target.id) is not None for target in node.targets
        )
        if held and isinstance(node.value, ast.Lambda):
            for default in argument_defaults(node.value.args):
                self.expression(default)
        else:
            self.expression(node.value)
        for target in node.targets:
            self.expression(target)

    def _visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.load(node.target.id)
            self.expression(node.value)
            self.store(node.target.id)
        else:
            self.expression(node.target)
            self.expression(node.value)

    def _visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if self.scope.kind != "function" and not self.unit.lazy_annotations:
            self.expression(node.annotation)
        self.expression(node.value)
        if node.value is not None or not isinstance(node.target, ast.Name):
            self.expression(node.target)

    def _visit_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self._delete(target)

    def _delete(self, target: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.load(target.id)
            self.unbind(target.id)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for element in target.elts:
                self._delete(element)
        else:
            self.expression(target)

    def _visit_Return(self, node: ast.Return) -> None:
        self.expression(node.value)
        self.state = None

    def _visit_Raise(self, node: ast.Raise) -> None:
        self.expression(node.exc)
        self.expression(node.cause)
        self.state = None

    def _visit_Assert(self, node: ast.Assert) -> None:
        good, bad = self.condition(node.test)
        self.state = bad
        self.expression(node.msg)
        self.state = good

    def _visit_Global(self, node: ast.Global) -> None:
        pass

    _visit_Nonlocal = _visit_Global

    def _visit_Break(self, node: ast.Break) -> None:
        if self._loops:
            self._loops[-1].breaks.append(self.state)
        self.state = None

    def _visit_Continue(self, node: ast.Continue) -> None:
        if self._loops:
            self._loops[-1].continues.append(self.state)
        self.state = None

    def _visit_If(self, node: ast.If) -> None:
        good, bad = self.condition(node.test)
        self.state = good
        self.block(node.body)
        after = self.state
        self.state = bad
        self.block(node.orelse)
        self.state = meet(after, self.state)

    def _visit_While(self, node: ast.While) -> None:
        self._forget([*node.body, node.test])
        good, bad = self.condition(node.test)
        loop = _Loop()
        self._loops.append(loop)
        self.state = good
        self.block(node.body)
        self._loops.pop()
        self.state = bad
        self.block(node.orelse)
        for state in loop.breaks:
            self.state = meet(self.state, state)

    def _visit_For(self, node: Union[ast.For, ast.AsyncFor]) -> None:
        self.expression(node.iter)
        self._forget([node.target, *node.body])
        before = copied(self.state)
        loop = _Loop()
        self._loops.append(loop)
        self.expression(node.target)
        self.block(node.body)
        self._loops.pop()
        exhausted = self.state
        for state in loop.continues:
            exhausted = meet(exhausted, state)
        # A literal with elements runs the body at least once, so what the body assigns is assigned.
        literal = isinstance(node.iter, (ast.List, ast.Tuple, ast.Set)) and any(
            not isinstance(element, ast.Starred) for element in node.iter.elts
        )
        self.state = exhausted if literal else before
        self.block(node.orelse)
        for state in loop.breaks:
            self.state = meet(self.state, state)

    _visit_AsyncFor = _visit_For

    def _visit_With(self, node: Union[ast.With, ast.AsyncWith]) -> None:
        suppresses = False
        for item in node.items:
            self.expression(item.context_expr)
            suppresses = suppresses or contexts.may_suppress(item.context_expr, self.unit, self.scope)
            self.expression(item.optional_vars)
        entered = copied(self.state)
        self.block(node.body)
        if suppresses or self.state is None:
            # A body that never ends normally only makes sense below a manager that swallows its exception.
            self.state = meet(self.state, self._without(entered, node.body))

    _visit_AsyncWith = _visit_With

    def _visit_Try(self, node: ast.Try) -> None:
        start = copied(self.state)
        loop = self._loops[-1] if self._loops else None
        marks = (len(loop.breaks), len(loop.continues)) if loop else (0, 0)
        self.block(node.body)
        failed = self._without(start, node.body)
        self.block(node.orelse)
        after = self.state
        for handler in node.handlers:
            self.state = copied(failed)
            self.expression(handler.type)
            if handler.name:
                self.store(handler.name)
            self.block(handler.body)
            if handler.name:
                self.unbind(handler.name)
            after = meet(after, self.state)
        if node.finalbody:
            self.state = self._without(failed, [*node.handlers, *node.orelse])
            self.block(node.finalbody)
            gained = self.state
            self.state = None
            if gained is not None and after is not None:
                self.state = (self._without(after, node.finalbody) or set()) | gained
            if loop:
                for states, mark in ((loop.breaks, marks[0]), (loop.continues, marks[1])):
                    states[mark:] = [self._without(state, node.finalbody) for state in states[mark:]]
        else:
            self.state = after

    _visit_TryStar = _visit_Try

    def _visit_Match(self, node: ast.AST) -> None:
        self.expression(node.subject)  # type: ignore[attr-defined]
        after: State = None
        for case in node.cases:  # type: ignore[attr-defined]
            unmatched = copied(self.state)
            self.visit(case.pattern)
            if case.guard is not None:
                good, bad = self.condition(case.guard)
                unmatched = meet(unmatched, bad)
                self.state = good
            elif _irrefutable(case.pattern):
                unmatched = None
            self.block(case.body)
            after = meet(after, self.state)
            self.state = unmatched
            if unmatched is None:
                break
        self.state = meet(after, self.state)

    def _visit_MatchAs(self, node: ast.AST) -> None:
        self.expression(getattr(node, "pattern", None))
        name = getattr(node, "name", None)
        if name:
            self.store(name)

    _visit_MatchStar = _visit_MatchAs

    def _visit_MatchMapping(self, node: ast.AST) -> None:
        self._visit_children(node)
        rest = getattr(node, "rest", None)
        if rest:
            self.store(rest)

    def _visit_MatchOr(self, node: ast.AST) -> None:
        # Alternatives bind the same names, and only one of them runs.
        start = copied(self.state)
        after: State = None
        for pattern in node.patterns:  # type: ignore[attr-defined]
            self.state = copied(start)
            self.visit(pattern)
            after = meet(after, self.state)
        self.state = after

    def _visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.store((alias.asname or alias.name).partition(".")[0])

    def _visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.sink.dynamic.add("import *")
                self.sink.writes.add("*")
            else:
                self.store(alias.asname or alias.name)

    def _visit_TypeAlias(self, node: ast.AST) -> None:
        outer = self.scope
        self.scope = self.unit.scopes.types_of(node) or outer
        self._type_parameters(node)
        self.expression(node.value)  # type: ignore[attr-defined]
        self.scope = outer
        self.expression(node.name)  # type: ignore[attr-defined]

    # Definitions

    def _visit_FunctionDef(self, node: Union[ast.FunctionDef, ast.AsyncFunctionDef]) -> None:
        for decorator in node.decorator_list:
            self.expression(decorator)
        for default in argument_defaults(node.args):
            self.expression(default)
        outer = self.scope
        self.scope = self.unit.scopes.types_of(node) or outer
        self._type_parameters(node)
        if not self.unit.lazy_annotations:
            for annotation in _annotations(node):
                self.expression(annotation)
        self.scope = outer
        called = not all(self.unit.aliases.inert_decorator(decorator) for decorator in node.decorator_list)
        if called or self.scope.resolve(node.name) is None:
            self._use(self.unit.summary(node))
        self.store(node.name)

    _visit_AsyncFunctionDef = _visit_FunctionDef

    def _visit_ClassDef(self, node: ast.ClassDef) -> None:
        if self.state is None:
            return
        for decorator in node.decorator_list:
            self.expression(decorator)
        outer = self.scope
        self.scope = self.unit.scopes.types_of(node) or outer
        self._type_parameters(node)
        for base in node.bases:
            self.expression(base)
        for keyword in node.keywords:
            self.expression(keyword.value)
        self.scope = self.unit.scopes.of(node)
        loops, self._loops = self._loops, []
        self.state.add((self.scope.number, "__module__"))
        self.state.add((self.scope.number, "__qualname__"))
        self.block(body_after_docstring(node))
        if self.state is not None:
            self.state = {key for key in self.state if isinstance(key, str) or key[0] != self.scope.number}
        self._loops = loops
        self.scope = outer
        if self.unit.aliases.called_when_defined(node) or self.scope.resolve(node.name) is None:
            self._use(self.unit.summary(node))
        self.store(node.name)

    def _visit_Lambda(self, node: ast.Lambda) -> None:
        for default in argument_defaults(node.args):
            self.expression(default)
        self._use(self.unit.summary(node))

    def _type_parameters(self, node: ast.AST) -> None:
        for parameter in getattr(node, "type_params", None) or ():
            self.expression(getattr(parameter, "bound", None))
            self.expression(getattr(parameter, "default_value", None))

    # Expressions

    def _visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.load(node.id)
        elif isinstance(node.ctx, ast.Store):
            self.store(node.id)

    def _visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, str) and self.state is not None and len(value) < _MAX_STRING:
            names = set(IDENTIFIER.findall(value))
            if names:
                deleted = self.unit.scopes.deleted
                assigned = {key for key in names if key in self.state and key not in deleted}
                self.sink.possible |= names - assigned - KEYWORDS
                for name in names:
                    if name in self.unit.scopes.definitions:
                        self._use_definitions(name)

    def _visit_Call(self, node: ast.Call) -> None:
        function = node.func
        inspects = isinstance(function, ast.Name) and function.id in ("vars", "dir") and (node.args or node.keywords)
        if inspects and isinstance(function, ast.Name):
            known = set(self.sink.dynamic)
            self.load(function.id)
            self.sink.dynamic = known
        else:
            self.expression(function)
        for argument in node.args:
            self.expression(argument)
        for keyword in node.keywords:
            self.expression(keyword.value)

    def _visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.expression(node.value)
        owner = self.scope
        scope = self.scope
        while scope.kind == "comprehension" and scope.parent is not None:
            scope = scope.parent
        self.scope = scope
        self.store(node.target.id)
        self.scope = owner

    def _visit_BoolOp(self, node: ast.BoolOp) -> None:
        good, bad = self.condition(node)
        self.state = meet(good, bad)

    def _visit_IfExp(self, node: ast.IfExp) -> None:
        good, bad = self.condition(node.test)
        self.state = good
        self.expression(node.body)
        after = self.state
        self.state = bad
        self.expression(node.orelse)
        self.state = meet(after, self.state)

    def _visit_Compare(self, node: ast.Compare) -> None:
        self.expression(node.left)
        self.expression(node.comparators[0])
        if len(node.comparators) > 1:
            before = copied(self.state)
            for comparator in node.comparators[1:]:
                self.expression(comparator)
            self.state = before

    def _visit_comprehension_node(self, node: ast.AST) -> None:
        if self.state is None:
            return
        self.expression(node.generators[0].iter)  # type: ignore[attr-defined]
        before = copied(self.state)
        outer, self.scope = self.scope, self.unit.scopes.of(node)
        deferred = self.deferred
        if isinstance(node, ast.GeneratorExp):
            self._generator(node)
        else:
            for part in comprehension_body(node):
                self.expression(part)
        self.deferred = deferred
        self.scope = outer
        self.state = before

    _visit_ListComp = _visit_comprehension_node
    _visit_SetComp = _visit_comprehension_node
    _visit_DictComp = _visit_comprehension_node
    _visit_GeneratorExp = _visit_comprehension_node

    def _generator(self, node: ast.AST) -> None:
        """Analyse a generator expression, which may run later than here but counts here."""
        part = Summary()
        flow = Flow(self.unit, self.scope, part, deferred=True)
        for expression in comprehension_body(node):
            flow.expression(expression)
        self._use(part)

    # Conditions and states

    def condition(self, node: ast.expr) -> tuple[State, State]:
        """Evaluate `node` and return the states where it was true and where it was false."""
        if self.state is None:
            return None, None
        if isinstance(node, ast.BoolOp):
            conjunction = isinstance(node.op, ast.And)
            settled: State = None
            for value in node.values:
                good, bad = self.condition(value)
                settled = meet(settled, bad if conjunction else good)
                self.state = good if conjunction else bad
            return (self.state, settled) if conjunction else (settled, self.state)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            good, bad = self.condition(node.operand)
            return bad, good
        self.visit(node)
        if isinstance(node, ast.Constant):
            return (self.state, None) if node.value else (None, self.state)
        if self.unit.aliases.is_type_checking(node):
            return None, self.state
        return self.state, copied(self.state)

    def _forget(self, nodes: list[ast.AST]) -> None:
        self.state = self._without(self.state, nodes)

    def _without(self, state: State, nodes: Iterable[ast.AST]) -> State:
        """Return `state` less what `nodes` may delete: the state wherever among them control is lost."""
        if state is None:
            return None
        if not self.unit.scopes.deleted and not self.scope.deleted:
            return set(state)
        return state - self._unbound(nodes)

    def _unbound(self, nodes: Iterable[ast.AST]) -> set[Key]:
        found: set[Key] = set()
        stack: list[ast.AST] = list(nodes)
        while stack:
            node = stack.pop()
            name: Optional[str] = None
            if isinstance(node, ast.Name):
                name = node.id if isinstance(node.ctx, ast.Del) else None
            elif isinstance(node, ast.ExceptHandler):
                name = node.name
            elif isinstance(node, (*FUNCTIONS, ast.Lambda, *COMPREHENSIONS)):
                continue
            if name:
                key = self.scope.resolve(name)
                if key is not None:
                    found.add(key)
                found.add(name)
            stack.extend(ast.iter_child_nodes(node))
        return found


def meet(first: State, second: State) -> State:
    """Join two paths: what is assigned on both."""
    if first is None:
        return second
    if second is None:
        return first
    return first & second


def copied(state: State) -> State:
    return None if state is None else set(state)


def body_after_docstring(node: Union[ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef]) -> list[ast.stmt]:
    """Return the statements of `node` without its docstring, whose words are no names."""
    body = list(node.body)
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        if isinstance(body[0].value.value, str):
            return body[1:]
    return body


def _annotations(node: Union[ast.FunctionDef, ast.AsyncFunctionDef]) -> list[ast.expr]:
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    found = [argument.annotation for argument in every if argument is not None]
    return [annotation for annotation in (*found, node.returns) if annotation is not None]


def _irrefutable(pattern: ast.AST) -> bool:
    kind = type(pattern).__name__
    if kind == "MatchAs":
        inner = getattr(pattern, "pattern", None)
        return inner is None or _irrefutable(inner)
    if kind == "MatchOr":
        return any(_irrefutable(option) for option in getattr(pattern, "patterns", ()))
    return False

