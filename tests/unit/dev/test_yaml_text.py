"""Values are replaced in the text of a manifest, and everything else stays as it was written."""

import pytest

from dev.generate.yaml_text import Document

TEXT = """# Why.
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, namespace: here}
spec:
  replicas: 2 # of both
  env:
    - {name: HOST, value: "x.here.svc"} # the last

    # a comment of what follows
  rules:
    - kind: one
      expr: >-
        a{ns="here"}
        + b{ns="here"}
    - kind: two
  summary: '{{ $labels.a }}'
"""


def changed(*lines: tuple[str, str]) -> str:
    text = TEXT.replace("{{ $", '{{ "{{" }} $')
    for old, new in lines:
        assert old in text
        text = text.replace(old, new)
    return text


def test_what_the_template_engine_would_read_is_escaped() -> None:
    """A document without changes keeps its comments and its layout."""
    assert Document(TEXT).render() == changed()


def test_values_are_replaced_where_they_stand() -> None:
    """A value as text in quotation marks, a part of one by its delimiter, and every line of a folded one."""
    document = Document(TEXT)
    document.replace("metadata.namespace", "{{ .n }}")
    document.replace("spec.env.*.value", "{{ .n }}", delimiter=".", index=1)
    document.replace("spec.rules.[kind=one].expr", "{{ .n }}", delimiter='"', index=3)
    document.replace("spec.rules.*.nothing", "{{ .n }}")
    wanted = [("namespace: here", 'namespace: "{{ .n }}"'), ("x.here.svc", "x.{{ .n }}.svc")]
    assert document.render() == changed(*wanted, ('+ b{ns="here"}', '+ b{ns="{{ .n }}"}'))


def test_lines_are_added_and_wrapped() -> None:
    """After the last item and its comment, in the order of the calls; around the lines of a member."""
    document = Document(TEXT)
    document.append("/spec/env", "    - first\n")
    document.append("/spec/env", "    - second\n")
    document.append("", "end: true\n")
    document.wrap("/spec/replicas", "{{- if a }}\n", "{{- end }}\n")
    assert document.indentation("/spec/env") == 4
    assert document.value("/spec/replicas") == "2"
    last = '    - {name: HOST, value: "x.here.svc"} # the last\n'
    replicas = "  replicas: 2 # of both\n"
    added = [(last, f"{last}    - first\n    - second\n"), (replicas, f"{{{{- if a }}}}\n{replicas}{{{{- end }}}}\n")]
    assert document.render() == changed(*added) + "end: true\n"


@pytest.mark.parametrize(
    ("select", "matches"),
    [
        ({"kind": "Deployment"}, True),
        ({"kind": "Service"}, False),
        ({"group": "apps", "name": "a"}, True),
        ({"namespace": "there"}, False),
        ({"labelSelector": "a=b"}, False),
    ],
)
def test_a_document_is_selected_as_by_kustomize(select: dict[str, str], matches: bool) -> None:
    """By every given field."""
    assert Document(TEXT).matches(select) is matches


def test_a_change_that_cannot_be_made_is_an_error() -> None:
    """A pointer to nothing, and two changes of the same value."""
    document = Document(TEXT)
    with pytest.raises(ValueError, match="/spec/nothing is not in Deployment/a"):
        document.write("/spec/nothing", "1")
    document.write("/spec/replicas", "1")
    document.write("/spec/replicas", "3")
    with pytest.raises(ValueError, match="two changes"):
        document.render()
