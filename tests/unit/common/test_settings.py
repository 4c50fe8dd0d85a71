"""The environment: every mistake at once, no secret in a message, every variable in the documentation."""

import re
from pathlib import Path

import pytest

from common.process.setting_reader import SettingsError
from common.process.settings import Settings

ROOT = Path(__file__).parents[3]
GOOD = {"KEYCLOAK_URL": "https://login.example.com/"}


def test_every_mistake_is_named_at_once() -> None:
    """With what is allowed, and without the value of a secret."""
    wrong = {
        "METRICS_PORT": "8012",
        "CORS_ALLOWED_ORIGINS": "https://console.example.com,*",
        "LOG_LEVEL": "loud",
        "BILLING_API_TOKEN": "secret\n",
        "NAMESPACE_OWNERSHIP": "nobody",
        "CACHE_FRESH_SECONDS": "nan",
    }
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(wrong)
    text = str(caught.value)
    for name in (*wrong, "KEYCLOAK_URL"):
        assert f"  {name}: " in text
    assert "'registry', 'kubernetes' or 'claims'" in text
    assert "secret\n" not in text


@pytest.mark.parametrize(
    "url",
    [
        "login.example.com",
        "ftp://x",
        "http://",
        "http://u:p@x",
        "http://x?y",
        "http://x#y",
        "http://x:99999",
        " http://x",
    ],
)
def test_a_url_is_a_base_url(url: str) -> None:
    """Paths are appended to it, and credentials in it would reach logs."""
    with pytest.raises(SettingsError, match="KEYCLOAK_URL: must be an http"):
        Settings.from_environment({"KEYCLOAK_URL": url})


def test_contradictions_are_mistakes() -> None:
    """What is right by itself may be wrong together."""
    with pytest.raises(SettingsError, match="BILLING_BACKOFF_MIN_SECONDS"):
        Settings.from_environment(GOOD | {"BILLING_BACKOFF_MIN_SECONDS": "1"})


@pytest.mark.parametrize(("name", "text"), [("METRICS_PORT", " 9464"), ("CACHE_FRESH_SECONDS", "5 ")])
def test_a_space_at_an_end_is_a_mistake(name: str, text: str) -> None:
    """Also where Python would read the number without it."""
    with pytest.raises(SettingsError, match=f"{name}: must not begin or end with a space"):
        Settings.from_environment(GOOD | {name: text})


def test_an_empty_variable_is_an_unset_one() -> None:
    """As a manifest without a value leaves it."""
    assert Settings.from_environment(GOOD | {"OIDC_AUDIENCE": ""}).oidc_audience is None


def test_a_secret_prints_as_stars() -> None:
    """Whoever logs the settings logs no token."""
    settings = Settings.from_environment(GOOD | {"BILLING_API_TOKEN": "hunter2"})
    assert "hunter2" not in repr(settings) + str(settings)


def test_the_readme_lists_every_setting_with_its_default_and_description() -> None:
    """The README's table contains the fields of settings.py, word for word."""
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \| (.*) \|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    table = {name: (default, description) for name, default, description in rows}
    for name, field in Settings.model_fields.items():
        assert name.upper() in table, f"{name.upper()} is missing in README.md"
        default = "required" if field.is_required() else field.default
        if default is None or default == ():
            shown = ""
        elif isinstance(default, tuple):
            shown = f"`{','.join(default)}`"
        else:
            shown = default if default == "required" else f"`{default}`"
        assert table[name.upper()] == (shown, field.description), name.upper()
    assert set(table) == {name.upper() for name in Settings.model_fields}
