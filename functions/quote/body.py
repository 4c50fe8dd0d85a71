"""The body of /quote. The billing service decides what a kind needs, and names each mistake with its place."""

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, StringConstraints, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from common.model import BodyModel

MOST_RESOURCES = 100
_FORM = re.compile(r"[0-9.]{1,40}([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?")


def _quantity(value: object) -> object:
    text = str(value) if type(value) in {int, Decimal} else value
    if not isinstance(text, str) or not _FORM.fullmatch(text):
        raise PydanticCustomError("format", "must be a quantity of Kubernetes like 500m, 2 or 24Gi, not negative")
    return text


Quantity = Annotated[
    str,
    BeforeValidator(_quantity),
    WithJsonSchema(
        {"type": ["string", "number"], "pattern": f"^{_FORM.pattern}$", "minimum": 0, "examples": ["500m", "4", "24Gi"]}
    ),
]
Name = Annotated[str, StringConstraints(pattern=r"^[ -~]{1,253}$")]


def _absent() -> Any:
    """Such a member is not sent: the billing service has the defaults. An explicit null is an error."""
    return None


class _Passed(BodyModel):
    """The billing service refuses an unknown member, and names those of the kind."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="allow", defer_build=True, json_schema_extra={"additionalProperties": False}
    )


class PlannedStorage(_Passed):
    class_: Name = Field(
        default_factory=_absent, alias="class", description="Storage class. Without it: the general price"
    )
    size: Quantity


def _number(value: object) -> str:
    return "several" if isinstance(value, list) else "one"


Storage = Annotated[
    Annotated[PlannedStorage, Tag("one")] | Annotated[list[PlannedStorage], Tag("several")], Discriminator(_number)
]


class PlannedResource(_Passed):
    kind: Literal[
        "VirtualMachine",
        "Deployment",
        "StatefulSet",
        "Pod",
        "PersistentVolumeClaim",
        "Volume",
        "LoadBalancer",
        "PublicIP",
    ]
    name: Name = Field(default_factory=_absent, description="Is repeated in the response")
    cpu: Quantity = Field(default_factory=_absent, description="Cores. Required for what runs")
    memory: Quantity = Field(default_factory=_absent, description="Bytes. Required for what runs")
    storage: Storage = Field(default_factory=_absent, description="A volume, or several")
    public_ips: Annotated[int, Field(ge=0, le=1000)] = Field(
        default_factory=_absent, description="The default is 0, and 1 for LoadBalancer and PublicIP"
    )
    egress: Quantity = Field(default_factory=_absent, description="Bytes that are sent, per month")
    hours_per_month: Annotated[int, Field(ge=1, le=745)] = Field(
        default=730,
        description="Hours that it runs in a month. Below 672, its volumes and addresses still cost the complete month",
    )
    count: Annotated[int, Field(ge=1, le=1000)] = Field(default=1, description="Number of such resources")


class ManifestSpec(BodyModel):
    """The specification of the kind, as Kubernetes defines it."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow", defer_build=True)


class Manifest(BodyModel):
    """A manifest of Kubernetes. Members that do not matter for the cost are ignored."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow", defer_build=True)

    api_version: Literal["apps/v1", "v1", "kubevirt.io/v1"] = Field(alias="apiVersion")
    kind: Literal["Deployment", "ReplicaSet", "StatefulSet", "Pod", "PersistentVolumeClaim", "VirtualMachine"]
    spec: ManifestSpec


def _form(value: object) -> str:
    """Of a value that is validated, or of a model that is written."""
    manifest = "apiVersion" in value if isinstance(value, dict) else isinstance(value, Manifest)
    return "manifest" if manifest else "planned"


class QuoteBody(BodyModel):
    resources: Annotated[
        list[
            Annotated[
                Annotated[PlannedResource, Tag("planned")] | Annotated[Manifest, Tag("manifest")], Discriminator(_form)
            ]
        ],
        Field(min_length=1, max_length=MOST_RESOURCES),
    ]
