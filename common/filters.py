"""Which usage a figure counts, `include` and `exclude`: terms with commas, such as `component:cpu,label:team=web`."""

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, WithJsonSchema

from common.model import Text

LARGEST_NUMBER_OF_TERMS: Final = 50
Terms = Annotated[list[Text], Field(max_length=LARGEST_NUMBER_OF_TERMS)]
# A label key of Kubernetes.
LABEL: Final = r"label:([a-z0-9][-.a-z0-9]{0,252}/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?"
_NAME: Final = r"[!-+\--~]{1,330}"  # a workload has a namespace, a kind and a name; a comma ends a term

INCLUDE: Final = (
    "Only usage that fits: terms with commas between them. Terms of one kind are alternatives, and each label key is a "
    "kind. label:KEY=VALUE is a value of a label, label:KEY usage without the label. Completeness and adjustments are "
    "those of all usage"
)
EXCLUDE: Final = "Without usage that fits one of these terms, which have the form of `include`"


def split(text: str | None) -> list[str]:
    """Each term once."""
    return list(dict.fromkeys(text.split(","))) if text else []


def _filter(*kinds: str, labels: bool = True) -> Any:
    of_label = rf"|{LABEL}(=[-_.A-Za-z0-9]{{0,63}})?" if labels else ""
    term = rf"(({'|'.join(kinds)}):{_NAME}{of_label})"
    names = ", ".join(f"{kind}:NAME" for kind in kinds) + (", label:KEY=VALUE or label:KEY" if labels else "")

    def read(text: str) -> str:
        if not re.fullmatch(rf"{term}(,{term})*", text):
            raise ValueError(f"must be terms with commas between them: {names}")
        if len(split(text)) > LARGEST_NUMBER_OF_TERMS:
            raise ValueError(f"must have at most {LARGEST_NUMBER_OF_TERMS} terms")
        return text

    schema = {"type": "string", "pattern": rf"^{term}(,{term})*$", "maxLength": 4000}
    return Annotated[str, AfterValidator(read), WithJsonSchema(schema)]


ProjectFilter = _filter("component", "sku", "workload")
UsageFilter = _filter("component", "sku", "workload", labels=False)
OrganizationFilter = _filter("component", "sku", "workload", "project")
