"""Tags as a model writes them."""

from typing import Annotated

from pydantic import BeforeValidator

from smriti.memory.archive.models import MAX_TAG_CHARACTERS, MAX_TAGS
from smriti.memory.models import clean_line
from smriti.tools.toolset import ToolFailed


def _listed(value: object) -> object:
    """Models like to write a single one without the list."""
    return [value] if isinstance(value, str) and not value.lstrip().startswith("[") else value


Tags = Annotated[list[str] | None, BeforeValidator(_listed)]


def cleaned(given: Tags) -> tuple[str, ...]:
    """Those that say something. `ToolFailed` when there are too many, or one is too long."""
    tags = tuple(tag for text in given or () if (tag := clean_line(text)))
    if len(tags) > MAX_TAGS or any(len(tag) > MAX_TAG_CHARACTERS for tag in tags):
        raise ToolFailed(
            f"Error: there may be {MAX_TAGS} tags at most, of {MAX_TAG_CHARACTERS} characters each."
        )
    return tags
