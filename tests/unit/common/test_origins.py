"""Origins are normalized as a browser does, or refused with the right form; texts with outer spaces are refused."""

import pytest

from common.process.setting_reader import SettingsError
from common.process.settings import Settings
from tests.kit.things import endpoint, function, send

GOOD = {"KEYCLOAK_URL": "https://login.example.com"}

# What `new URL(x).origin` is in a browser (WHATWG URL, section 4.5 and 3.5).
NORMALIZED = {
    "https://console.example.com": "https://console.example.com",
    "https://Console.Example.com:443": "https://console.example.com",
    "HTTPS://console.example.com": "https://console.example.com",
    "http://console.example.com:80": "http://console.example.com",
    "https://console.example.com:80": "https://console.example.com:80",
    "http://console.example.com:443": "http://console.example.com:443",
    "https://console.example.com:08443": "https://console.example.com:8443",
    "https://console.example.com:": "https://console.example.com",
    "https://b\u00fccher.example": "https://xn--bcher-kva.example",
    "https://B\u00dcCHER.example:8443": "https://xn--bcher-kva.example:8443",
    "https://xn--bcher-kva.example": "https://xn--bcher-kva.example",
    "https://stra\u00dfe.example": "https://xn--strae-oqa.example",
    "https://\u4f8b\u3048.jp": "https://xn--r8jz45g.jp",
    "https://console\u3002example": "https://console.example",
    "https://\uff23onsole.example": "https://console.example",
    "http://localhost:3000": "http://localhost:3000",
    "http://127.0.0.1:8080": "http://127.0.0.1:8080",
    "http://[::1]:8080": "http://[::1]:8080",
    "http://[2001:DB8:0:0:0:0:0:1]": "http://[2001:db8::1]",
    "https://a_b.example": "https://a_b.example",
    "https://a.example , https://B.example:443,": "https://a.example,https://b.example",
}


@pytest.mark.parametrize("text", NORMALIZED)
def test_an_origin_is_normalized_as_a_browser_does(text: str) -> None:
    """Scheme and host in lower case, punycode, no default port."""
    found = Settings.from_environment(GOOD | {"CORS_ALLOWED_ORIGINS": text}).cors_allowed_origins
    assert ",".join(found) == NORMALIZED[text]


REFUSED = {
    "*": None,
    "null": None,
    "console.example.com": None,
    "//console.example.com": None,
    "ftp://console.example.com": None,
    "https://": None,
    "https:console.example.com": None,
    "https://console.example.com/": "https://console.example.com",
    "https://Console.example.com:443/billing": "https://console.example.com",
    "https://console.example.com?x": "https://console.example.com",
    "https://console.example.com#x": "https://console.example.com",
    "https://user@console.example.com": "https://console.example.com",
    "https://user:password@console.example.com": "https://console.example.com",
    "https://*.example.com": None,
    "https://console.example.com:0x50": None,
    "https://console.example.com:99999": None,
    "https://console.example.com:0": None,
    "https://console example.com": None,
    "https://console.example.com\\x": None,
    "https://con\nsole.example.com": None,
    "https://console..example.com": None,
    "https://.example.com": None,
    "https://" + "a" * 64 + ".example": None,
    "https://xn--a.example": None,
    "https://[::1": None,
    "https://[::g]": None,
    "https://127.1": None,
    "https://0x7f.0.0.1": None,
    "https://1.2.3.256": None,
    "https://a%62.example": None,
    "https://\u2603\ufe0f\u200d.example": None,
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_origin_is_refused_with_the_right_form(text: str) -> None:
    """The function does not start. The message shows the allowed format and contains no password."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(GOOD | {"CORS_ALLOWED_ORIGINS": f"https://a.example,{text}"})
    message = str(caught.value)
    assert "  CORS_ALLOWED_ORIGINS: " in message
    assert "scheme://host[:port]" in message
    assert "password" not in message
    assert message.isprintable() or message.replace("\n", "").isprintable()
    right = REFUSED[text]
    assert (f"write {right}" in message) is (right is not None)


async def test_a_browsers_origin_matches_what_was_configured() -> None:
    """The header of the browser, compared exactly."""
    app = function(endpoint(), cors_allowed_origins="https://Console.Example.com:443,https://b\u00fccher.example")
    for origin in ("https://console.example.com", "https://xn--bcher-kva.example"):
        response = await send(app, "GET", headers=[("origin", origin)])
        assert response.headers["access-control-allow-origin"] == origin


TEXTS = {
    "OIDC_AUDIENCE": "kube-dc-billing",
    "ORG_ADMIN_GROUP": "org-admin",
    "KEYCLOAK_URL": "https://login.example.com",
    "OIDC_JWKS_BASE_URL": "https://login.example.com",
    "BILLING_API_URL": "http://billing:5000",
    "KUBERNETES_API_URL": "https://kubernetes.default.svc",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
    "BILLING_API_TOKEN": "secret",
    "NAMESPACE_OWNERSHIP": "registry",
    "LOG_LEVEL": "INFO",
    "LOG_FORMAT": "json",
    "OIDC_CA_FILE": "/etc/hosts",
    "KUBERNETES_CREDENTIALS": "/etc",
}


def test_every_text_setting_is_in_the_table() -> None:
    """A new one has to be tried too; numbers and lists are read without their outer spaces."""
    numbers = {name.upper() for name, field in Settings.model_fields.items() if field.annotation in {int, float}}
    lists = {"OIDC_AUTHORIZED_PARTIES", "OIDC_EXCLUDED_REALMS", "CORS_ALLOWED_ORIGINS"}
    assert {name.upper() for name in Settings.model_fields} - numbers - lists == set(TEXTS)


@pytest.mark.parametrize("around", ["{} ", " {}", "{}\n", "{}\t", "{}\r\n", "{}\u00a0", "\u3000{}"], ids=repr)
@pytest.mark.parametrize("name", TEXTS)
def test_a_text_with_a_space_at_an_end_is_refused(name: str, around: str) -> None:
    """It can never match, and nobody sees it in a manifest."""
    assert Settings.from_environment(GOOD | {name: TEXTS[name]})
    with pytest.raises(SettingsError, match=f"  {name}: ") as caught:
        Settings.from_environment(GOOD | {name: around.format(TEXTS[name])})
    assert "secret" not in str(caught.value)
