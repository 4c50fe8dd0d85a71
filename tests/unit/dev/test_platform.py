from dev.platform import Platform
from dev.settings import read_settings


def test_ready_is_asked_of_those_whom_the_ownership_source_knows() -> None:
    """With NAMESPACE_OWNERSHIP=claims nobody can list an org-admin's projects: her token names none, which is 503."""
    assert Platform(read_settings({}, {})).ready_users == ("alice", "bob")
    assert Platform(read_settings({}, {"NAMESPACE_OWNERSHIP": "claims"})).ready_users == ("bob",)
