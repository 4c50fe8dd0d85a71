"""Reads settings from the environment. A wrong or missing variable stops the start."""

import os
from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError, create_model


class SettingsError(Exception):
    """The environment is invalid. The text has one line per variable."""


class EnvironmentSettings(BaseModel):
    """Immutable. Each field is the environment variable with the same name in capitals."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", validate_default=False, hide_input_in_errors=True, defer_build=True
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:  # noqa: TID251 - the one reader
        """An empty variable counts as unset. Raises SettingsError with all mistakes."""
        values = {name: text for name in cls.model_fields if (text := environment.get(name.upper(), "")) != ""}
        # Build only the validators of required fields and of fields that are set: all of them cost 5 ms at each start.
        read = {name: (f.annotation, f) for name, f in cls.model_fields.items() if name in values or f.is_required()}
        given = create_model(cls.__name__, __config__=cls.model_config, **read)  # type: ignore[call-overload]
        try:
            settings = cls.model_construct(**dict(given.model_validate(values)))
        except ValidationError as exc:
            lines = [_explain(error["loc"], error["msg"], cls) for error in exc.errors(include_url=False)]
            raise SettingsError("wrong configuration:\n" + "\n".join(lines)) from None  # exc may contain secrets
        spaces = [
            f"{name.upper()}: must not begin or end with a space"
            for name, text in values.items()
            if text != text.strip()
        ]
        problems = spaces + settings.contradictions()
        if problems:
            raise SettingsError("wrong configuration:\n" + "\n".join(f"  {line}" for line in problems))
        return settings

    def contradictions(self) -> list[str]:
        """Values that are valid alone but not together."""
        return []


def _explain(location: tuple[int | str, ...], message: str, model: type[BaseModel]) -> str:
    field = str(location[0])
    text = message.removeprefix("Value error, ")
    return f"  {field.upper()}: {text} ({model.model_fields[field].description})"
