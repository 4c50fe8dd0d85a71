"""The environment of the billing service: every mistake named at once, no secret printed."""

import pytest

from billing_service.settings import DatabaseSettings, ServiceSettings, SettingsError

GOOD = {"DATABASE_URL": "postgresql://billing:hidden@db/billing", "BILLING_API_TOKEN": "sixteen-or-longer"}


def test_the_defaults_need_only_the_database_and_the_token() -> None:
    """Two variables have no default."""
    settings = ServiceSettings.read(GOOD)
    assert (settings.host, settings.port, settings.database_pool_size) == ("127.0.0.1", 5000, 8)


def test_the_token_before_is_accepted_while_it_is_set() -> None:
    """An empty one counts as none: the end of a rotation can empty it."""
    both = ServiceSettings.read(GOOD | {"BILLING_API_TOKEN_PREVIOUS": "sixteen-or-longer-too"})
    assert both.tokens == ["sixteen-or-longer", "sixteen-or-longer-too"]
    assert "longer-too" not in repr(both)
    for more in ({}, {"BILLING_API_TOKEN_PREVIOUS": ""}):
        assert ServiceSettings.read(GOOD | more).tokens == ["sixteen-or-longer"]


def test_the_commands_need_only_the_database() -> None:
    """Migrations and imports ask for no service token."""
    assert DatabaseSettings.read({"DATABASE_URL": "postgresql:///billing?host=/run/postgresql"})


@pytest.mark.parametrize(
    "url",
    [
        "postgres://u:p@a:5432,b:5433/db?target_session_attrs=read-write",
        "postgresql://u@[::1]:5432/db?sslmode=verify-full&sslrootcert=/ca.pem",
        "postgresql://u:p%40ss@a,b/db?connect_timeout=5&load_balance_hosts=random",
    ],
)
def test_the_database_url_is_libpqs(url: str) -> None:
    """Several hosts, and every parameter that libpq has."""
    assert DatabaseSettings.read({"DATABASE_URL": url}).database_url.get_secret_value() == url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "host=db password=hidden"),
        ("DATABASE_URL", "postgresql://u:hidden@db/billing?no_such_parameter=1"),
        ("DATABASE_URL", "postgresql://u:hidden@a:5432,b:99999/billing"),
        ("DATABASE_URL", "mysql://billing:hidden@db/billing"),
        ("DATABASE_URL", "postgresql://billing:hidden@db:port/billing"),
        ("BILLING_API_TOKEN", ""),
        ("BILLING_API_TOKEN", "fifteen-letters"),
        ("BILLING_API_TOKEN", "sixteen-or-longer\n"),
        ("BILLING_API_TOKEN", "sixteen or longer"),
        ("BILLING_API_TOKEN_PREVIOUS", "fifteen-letters"),
        ("BILLING_API_TOKEN_PREVIOUS", "sixteen-or-longer\n"),
        ("HOST", ""),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "5_000"),
        ("PORT", "http"),
        ("DATABASE_POOL_SIZE", "0"),
        ("DATABASE_TIMEOUT_SECONDS", "0"),
        ("DATABASE_TIMEOUT_SECONDS", "nan"),
    ],
)
def test_a_wrong_variable_is_named_without_its_value(name: str, value: str) -> None:
    """One line, beginning with the variable; what may be a secret is not in it."""
    with pytest.raises(SettingsError) as refused:
        ServiceSettings.read(GOOD | {name: value})
    lines = str(refused.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [name]
    assert "hidden" not in str(refused.value)
    assert "fifteen" not in str(refused.value)


def test_all_mistakes_are_named_at_once() -> None:
    """An operator corrects the environment in one go."""
    with pytest.raises(SettingsError) as refused:
        ServiceSettings.read({"PORT": "x"})
    named = [line.partition(":")[0] for line in str(refused.value).splitlines()]
    assert named == ["DATABASE_URL", "BILLING_API_TOKEN", "PORT"]


def test_secrets_print_as_stars() -> None:
    """Whoever logs the settings logs no password and no token."""
    settings = ServiceSettings.read(GOOD)
    assert "hidden" not in repr(settings) + str(settings)
    assert "sixteen" not in repr(settings) + str(settings)
