"""Which messages of a conversation are wanted, and a page of them."""

from dataclasses import dataclass

from pydantic import Field

from smriti.core.paging import Page
from smriti.messages.models import MessageView


@dataclass(frozen=True, slots=True)
class Wanted:
    """`inactive`: also those that a retry or an edit has left behind. `around`: the id of the
    message that the page is to be about."""

    oldest_first: bool = False
    inactive: bool = False
    around: str | None = None

    def includes(self, view: MessageView) -> bool:
        return view.active or self.inactive or view.message_id == self.around


class MessagePage(Page[MessageView]):
    previous_cursor: str | None = Field(
        default=None,
        description="Of a page around a message: what comes before it, as the `cursor` of the "
        "other order.",
    )
