"""The check of dev/invariants.py finds what it is there for, and our code has none of it."""

import pytest

from dev.invariants import ROOT, check, main

IMPORT = "from common.identity.caller import Caller\n"
CLAIMS = "from common.identity.authenticator import SignedClaims\n"
CHECKED = "from common.access.roles import Namespace\n"
MADE = [
    IMPORT + "caller = Caller('acme', None, role, frozenset())",
    "from common.identity.authenticator import Caller as C\ncaller = C('acme', None, role, frozenset())",
    "import common.identity.authenticator\nmake = common.identity.authenticator.Caller",
    "import common.identity.authenticator as a\ncaller = a.Caller('acme', None, role, frozenset())",
    "from common.identity import authenticator as a\ncaller = a.Caller('acme', None, role, frozenset())",
    "from common.function import Caller\ncaller = Caller('acme', None, role, frozenset())",
    IMPORT + "make = Caller",
    IMPORT + "makers = {'c': Caller}",
    IMPORT + "make = functools.partial(Caller, 'acme')",
    IMPORT + "caller = cast(Caller, claims)",
    "caller = cast('Caller', claims)",
    "maker = getattr(authentication, 'Caller')",
    IMPORT + "class Fake(Caller):\n    pass",
    IMPORT + "def f(make=Caller):\n    return make('acme', None, None, None)",
    IMPORT + "def f() -> Annotated[int, Caller('acme', None, None, None)]: ...",
    IMPORT + "class Call:\n    caller: Caller = Caller('acme', None, None, None)",
    IMPORT + "caller = Caller.__new__(Caller)",
    IMPORT + "caller = Caller.model_construct()",
    CLAIMS + "claims = SignedClaims(unverified)",
    "from common.identity.authenticator import UnverifiedClaims\nclaims = UnverifiedClaims.model_construct(org='acme')",
    CHECKED + "namespace = Namespace(caller.organization, requested)",
    "from common.access.roles import Namespace as Checked\nnamespace = Checked('acme', requested)",
]
AROUND = [
    "from dataclasses import replace\nother = replace(caller, organization='globex')",
    "other = caller.__replace__(organization='globex')",
    "other = type(caller)('globex', None, None, None)",
    "other = caller.__class__('globex', None, None, None)",
    "other = object.__new__(kind)",
    "object.__setattr__(caller, 'organization', 'globex')",
    "other = call.claims.model_copy(update={'org': 'globex'})",
    "other = claims.model_construct(org='globex')",
    "made = globals()['Call' + 'er']",
]
ENVELOPE = [
    "body = {'success': True, 'data': data}",
    "body = dict(success=True)",
    "body = {}\nbody['success'] = True",
    "body = dict([('success', True)])",
    "body = b'{\"success\":true}'",
    "body = f'{{\"success\":{ok}}}'",
    "KEY = 'success'\nbody = {KEY: True}",
    "class Body(BaseModel):\n    success: bool",
]
HARMLESS = [
    IMPORT + "def f(caller: Caller | None, more: list[Caller]) -> Caller: ...",
    IMPORT + "class Call:\n    caller: Caller | None = None",
    CHECKED + "async def f(*namespaces: Namespace) -> dict[str, Namespace]: ...",
    "from common.identity.authenticator import Caller, Role",
    "text = name.replace('-', '_')",
    "overview = Overview.model_construct(namespace=name)",
    "summary = self.model_copy(update=rounded)",
    "'''{\"success\": true} is what envelope.py writes.'''",
    "if 'success' in data and data['success'] is not True:\n    raise Failure",
]


@pytest.mark.parametrize("path", ["common/function.py", "functions/overview/main.py", "common/process/settings.py"])
@pytest.mark.parametrize("source", [*MADE, *AROUND])
def test_a_caller_made_elsewhere_is_found(source: str, path: str) -> None:
    """Under its name, under another, and around its class; wherever it is not made by right."""
    assert check(path, source)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("common/identity/authenticator.py", CHECKED + "namespace = Namespace('acme', 'acme-web')"),
        ("common/access/roles.py", IMPORT + "caller = Caller('acme', None, None, None)"),
        ("common/billing/client.py", "from dataclasses import replace\nother = replace(caller, organization='globex')"),
    ],
)
def test_a_maker_makes_its_own_only(path: str, source: str) -> None:
    """Each of the two modules creates only its own class. Another module cannot replace a caller."""
    assert check(path, source)


@pytest.mark.parametrize("source", ENVELOPE)
def test_an_envelope_written_elsewhere_is_found(source: str) -> None:
    """As a dict, as text, as a model."""
    assert check("common/function.py", source)


@pytest.mark.parametrize(
    "source",
    [
        "from common.billing.resource import read_reply",
        "from common.billing import resource\ndata = resource.parse_reply(response)",
    ],
)
def test_a_reply_read_around_the_proof_of_its_owner_is_found(source: str) -> None:
    """Only BillingClient reads replies, so that none is used before its owner is proved."""
    assert check("functions/trend/main.py", source)
    assert check("common/function.py", source)


@pytest.mark.parametrize("source", HARMLESS)
def test_what_is_right_is_left_alone(source: str) -> None:
    """Annotations, other models, and reading values from another source are allowed."""
    assert check("common/function.py", source) == []


def test_a_violation_says_where_and_what() -> None:
    """File, line, and the rule."""
    [found] = check("common/function.py", IMPORT + "\nmake = Caller")
    assert str(found).startswith("common/function.py:3: only common/identity/authenticator.py makes a Caller")


def test_our_code_holds_them(capsys: pytest.CaptureFixture[str]) -> None:
    """What `make lint` runs."""
    assert main() == 0, capsys.readouterr().out


def test_no_module_of_common_is_long() -> None:
    """CONTRIBUTING.md has the limit, also for the functions."""
    paths = [path for folder in ("common", "functions") for path in (ROOT / folder).rglob("*.py")]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in paths}
    assert len(lengths) > 50
    assert {path: length for path, length in lengths.items() if length > 250} == {}
