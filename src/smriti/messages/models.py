"""Messages and attachments, as they are sent, stored and shown."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from smriti.core.clock import new_id, utc_now
from smriti.llm.types import ImagePart, Part

# fmt: off
TEXT_EXTENSIONS = frozenset({
    "txt", "md", "csv", "json", "py", "js", "ts", "tsx", "jsx", "java", "go", "rs", "rb",
    "php", "html", "css", "xml", "yaml", "yml", "sh", "sql", "c", "cpp", "h",
})
# fmt: on
IMAGE_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}
MAX_ATTACHMENTS = 5
MAX_TEXT_BYTES = 100 * 1024
MAX_TEXT_BYTES_TOGETHER = 250 * 1024
MAX_IMAGE_BYTES = 5 * 1024 * 1024
MAX_IMAGE_BYTES_TOGETHER = 6 * 1024 * 1024
MAX_CONTENT_CHARACTERS = 500_000

type Role = Literal["user", "assistant", "system"]
type Status = Literal["running", "complete", "failed", "cancelled"]


class AttachmentInfo(BaseModel):
    """An attachment as it is shown: never its content. `size` in bytes."""

    filename: str
    size: int


class Attachment(AttachmentInfo):
    """A stored file: text as it is, an image in base64."""

    content: str

    @property
    def extension(self) -> str:
        return self.filename.rpartition(".")[2].lower()

    @property
    def is_image(self) -> bool:
        return self.extension in IMAGE_TYPES

    @property
    def image(self) -> ImagePart:
        return ImagePart(media_type=IMAGE_TYPES[self.extension], data=self.content)


class AttachmentUpload(Attachment):
    """A file sent with a question. `size` is what the sender says; the measured one replaces it."""

    filename: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^/\\\x00-\x1f]+$")]
    # With a limit, halves of characters are refused too.
    content: Annotated[str, Field(max_length=2 * MAX_IMAGE_BYTES)]
    size: int = 0

    @model_validator(mode="after")
    def _measured(self) -> Self:
        if self.is_image:
            try:
                self.size = len(base64.b64decode(self.content, validate=True))
            except binascii.Error as error:
                raise ValueError(f"{self.filename!r} must be an image in base64.") from error
        elif self.extension in TEXT_EXTENSIONS:
            self.size = len(self.content.encode())
        else:
            known = ", ".join(sorted(TEXT_EXTENSIONS | IMAGE_TYPES.keys()))
            raise ValueError(f"{self.filename!r} is of no known kind. Known are: {known}.")
        limit = MAX_IMAGE_BYTES if self.is_image else MAX_TEXT_BYTES
        if self.size > limit:
            raise ValueError(f"{self.filename!r} has {self.size} bytes; at most {limit} are taken.")
        return self


class MessageCreate(BaseModel):
    """A question. The text may be empty."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"content": "My name is Alice and I work at Google"}}
    )

    content: Annotated[str, Field(max_length=MAX_CONTENT_CHARACTERS)]
    attachments: Annotated[list[AttachmentUpload], Field(max_length=MAX_ATTACHMENTS)] = Field(
        default_factory=list
    )

    @model_validator(mode="after")
    def _together_not_too_large(self) -> Self:
        for image, limit in ((False, MAX_TEXT_BYTES_TOGETHER), (True, MAX_IMAGE_BYTES_TOGETHER)):
            total = sum(file.size for file in self.attachments if file.is_image is image)
            if total > limit:
                raise ValueError(
                    f"The attachments have {total} bytes together; at most {limit} are taken."
                )
        return self


class _Said(BaseModel):
    message_id: str = Field(default_factory=new_id)
    conversation_id: str
    role: Role
    content: str = ""
    created_at: datetime = Field(default_factory=utc_now)
    parts: list[Part] = Field(default_factory=list)
    status: Status = "complete"
    turn_id: str | None = None


class MessageView(_Said):
    """A message as it is shown. `parts` tell how an answer came about."""

    attachments: list[AttachmentInfo] = Field(default_factory=list)
    active: bool = Field(default=True, description="False: left behind by a retry or an edit.")


class Message(_Said):
    """A message as it is stored, with the contents of its attachments."""

    attachments: list[Attachment] = Field(default_factory=list)

    @property
    def view(self) -> MessageView:
        return MessageView.model_validate(
            self.model_dump(exclude={"attachments": {"__all__": {"content"}}})
        )
