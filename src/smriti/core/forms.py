"""Forms that the server describes and any client renders."""

from typing import Literal

from pydantic import BaseModel, Field


class FormOption(BaseModel):
    """`when`: it can be chosen only while other fields have these values; left out: always."""

    value: str
    label: str
    when: dict[str, str] | None = Field(default=None, exclude_if=lambda when: when is None)


class FormInput(BaseModel):
    """One field. `options` wins over `values`; `value` is the default, always text."""

    input_type: Literal["text", "text_area", "password", "select", "choice", "key_value"]
    name: str
    label: str
    value: str | None = None
    values: list[str] | None = None
    options: list[FormOption] | None = None
    attr: dict[str, str] | None = None


class FormSchema(BaseModel):
    form_name: str
    submit_path: str
    form_inputs: list[FormInput]
