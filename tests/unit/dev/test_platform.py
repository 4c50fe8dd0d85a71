import pytest

from dev.declarations import local_ports
from dev.functions import Function, part, read_functions
from dev.platform import Platform
from dev.settings import ROOT, read_settings


def test_ready_is_asked_of_those_whom_the_ownership_source_knows() -> None:
    """With NAMESPACE_OWNERSHIP=claims nobody can list an org-admin's projects: her token names none, which is 503."""
    assert Platform(read_settings({}, {})).ready_users == ("alice", "bob")
    assert Platform(read_settings({}, {"NAMESPACE_OWNERSHIP": "claims"})).ready_users == ("bob",)


@pytest.mark.parametrize("function", read_functions(), ids=lambda function: function.name)
def test_a_function_finds_the_project_in_the_checkout(function: Function) -> None:
    """`make run` does not install the project, which the environment of the tests has installed."""
    assert part(function, read_settings(local_ports(), {}), None).environment["PYTHONPATH"] == str(ROOT)
