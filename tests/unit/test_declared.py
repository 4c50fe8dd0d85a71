"""The parameters of the table tests, for an endpoint whose tests have no body yet."""

import pytest

from common.endpoint import Access, Endpoint
from common.model import BodyModel
from dev.declarations import Declared, read_functions
from tests.kit.declared import Case
from tests.kit.things import Thing, nothing


class Named(BodyModel):
    name: str


def a_post(function: Declared) -> Case:
    endpoint = Endpoint(
        method="POST", route="/api/billing/news", access=Access.TOKEN, handle=nothing, data=Thing, body=Named
    )
    return Case(function, endpoint)


@pytest.mark.parametrize("folder", ["health", "overview", "quote"])
def test_a_missing_body_is_named_by_its_own_tests_only(folder: str) -> None:
    """Without replies.py, without BODIES, and with BODIES of other endpoints: the collection reads no body."""
    [function] = [function for function in read_functions() if function.folder == folder]
    case = a_post(function)
    assert not case.names_a_project
    assert case.path() == "/api/billing/news"
    text = (
        rf"POST /api/billing/news has .* add BODIES\['POST /api/billing/news'\] to tests/functions/{folder}/replies.py"
    )
    with pytest.raises(AssertionError, match=text):
        case.request()
