"""What must never slip and no linter can check: `make lint` runs it on the syntax tree.

- Only authenticator.py makes a Caller or SignedClaims, only roles.py a Namespace or Organization: everywhere else these
  names stand in annotations only, so no alias, subclass, cast or partial makes one either. The ways to make an object
  around its class that have no name to ban (`__new__`, `type(x)(...)`, `model_copy`, ...) are not used at all.
- Every reply of the billing service is read by resource.read_reply, which proves its owner.
- Only envelope.py writes "success".

pyproject.toml has the rest: which module imports which (import-linter), and what nobody uses (ruff's banned-api).
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
MAKERS: Final = {
    "Caller": ("common/identity/authenticator.py",),
    "SignedClaims": ("common/identity/authenticator.py",),
    "UnverifiedClaims": ("common/identity/token.py", "common/identity/authenticator.py"),
    "Namespace": ("common/access/roles.py",),
    "Organization": ("common/access/roles.py",),
}
PROOF: Final = {  # who may name what reads or sends a reply that has not proved its owner yet
    "read_reply": ("common/billing/resource.py", "common/billing/client.py"),
    "parse_reply": (
        "common/billing/resource.py",
        "common/billing/rejections.py",
        "common/billing/organizations.py",  # names only, no figures
    ),
}
TRUSTED: Final = frozenset({"caller", "claims", "namespace", "checked_namespace"})  # what instances are called
AROUND_THE_CLASS: Final = frozenset(
    {"__class__", "__new__", "__reduce__", "__reduce_ex__", "__replace__", "__setattr__", "__setstate__"}
)
COPIES: Final = frozenset({"copy", "model_construct", "model_copy"})
FORBIDDEN_CALLS: Final = frozenset({"__import__", "globals"})
ENVELOPE: Final = "common/http/envelope.py"


@dataclass(frozen=True, slots=True)
class Violation:
    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


def check(path: str, source: str) -> list[Violation]:
    """`path` is relative to the repository."""
    tree = ast.parse(source, path)
    found = [*_makers(path, tree), *_detours(path, tree), *_envelope(path, tree), *_unproved(path, tree)]
    return sorted((Violation(path, node.lineno, text) for node, text in found), key=lambda v: v.line)


Located = ast.expr | ast.stmt | ast.keyword
Found = Iterator[tuple[Located, str]]


# --- who makes what -----------------------------------------------------------


def _makers(path: str, tree: ast.Module) -> Found:
    """A protected name, or an alias of one, outside an annotation."""
    protected = {name for name, makers in MAKERS.items() if path not in makers}
    names = {name: name for name in protected} | _aliases(tree, protected)
    harmless = set(_annotations(tree))
    for node in ast.walk(tree):
        if node in harmless:
            continue
        if isinstance(node, ast.Name) and node.id in names:
            yield node, _only_maker(names[node.id])
        elif isinstance(node, ast.Attribute) and node.attr in protected:
            yield node, _only_maker(node.attr)
        elif isinstance(node, ast.Call):
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                if isinstance(argument, ast.Constant) and argument.value in protected:
                    yield argument, _only_maker(str(argument.value))


def _only_maker(name: str) -> str:
    return f"only {MAKERS[name][0]} makes a {name}; elsewhere the name stands in annotations only"


def _aliases(tree: ast.Module, protected: set[str]) -> dict[str, str]:
    return {
        alias.asname: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname and alias.name in protected
    }


def _annotations(tree: ast.Module) -> Iterator[ast.AST]:
    """Every node of an annotation, but for what a call in it holds."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
            yield from _without_calls(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns:
            yield from _without_calls(node.returns)


def _without_calls(node: ast.AST) -> Iterator[ast.AST]:
    if not isinstance(node, ast.Call):
        yield node
        for child in ast.iter_child_nodes(node):
            yield from _without_calls(child)


def _detours(path: str, tree: ast.Module) -> Found:
    """Ways to make an object without naming its class."""
    makes = any(path in makers for makers in MAKERS.values())
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield from _detour_by_attribute(node, makes=makes)
        elif isinstance(node, ast.Call):
            yield from _detour_by_call(node)


def _detour_by_attribute(node: ast.Attribute, *, makes: bool) -> Found:
    receiver = _last_name(node.value)
    if node.attr in AROUND_THE_CLASS:
        yield node, f"{node.attr} goes around the class"
    elif node.attr in COPIES and receiver in TRUSTED and not makes:
        yield node, f"{receiver}.{node.attr} makes one more {receiver}, unverified"


def _detour_by_call(node: ast.Call) -> Found:
    if isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
        yield node, f"{node.func.id}() can make what only its maker may make"
    elif _last_name(node.func) == "replace" and node.args and _last_name(node.args[0]) in TRUSTED:
        yield node, "replace() makes one more of what only its maker may make"
    elif isinstance(node.func, ast.Call) and _last_name(node.func.func) == "type":
        yield node, "type(x)(...) makes an object without naming its class"


def _last_name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None


def _with_line(node: ast.AST) -> Located:
    if not isinstance(node, Located):
        raise TypeError(f"{ast.dump(node)} has no line")
    return node


# --- replies that have not proved their owner -----------------------------------


def _unproved(path: str, tree: ast.Module) -> Found:
    """Every other module gets replies from BillingClient, after read_reply has proved whose they are."""
    for node in ast.walk(tree):
        names = [node.id] if isinstance(node, ast.Name) else []
        names += [node.attr] if isinstance(node, ast.Attribute) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            if path not in PROOF.get(name, (path,)):
                yield _with_line(node), f"{name} is for {PROOF[name][-1]}: elsewhere a reply comes from BillingClient"


# --- the envelope -------------------------------------------------------------


def _envelope(path: str, tree: ast.Module) -> Found:
    """`"success" in reply` and `reply["success"]` read; whatever else holds the word may write."""
    if path == ENVELOPE:
        return
    text = f'only {ENVELOPE} writes "success"'
    harmless = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            harmless |= {node.left, *node.comparators}
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            harmless.add(node.slice)
    for node in ast.walk(tree):
        written = isinstance(node, ast.Constant) and node not in harmless and _says_success(node.value)
        keyword = isinstance(node, ast.keyword) and node.arg == "success"
        member = isinstance(node, ast.AnnAssign) and _last_name(node.target) == "success"
        if written or keyword or member:
            yield _with_line(node), text


def _says_success(value: object) -> bool:
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return isinstance(value, str) and (value == "success" or '"success"' in value)


def main() -> int:
    paths = [path for folder in ("common", "functions") for path in (ROOT / folder).rglob("*.py")]
    found = [v for path in sorted(paths) for v in check(path.relative_to(ROOT).as_posix(), path.read_text())]
    for violation in found:
        print(violation)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
