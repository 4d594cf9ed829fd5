"""The demo model's work in the background."""

import pytest

from smriti.llm.providers.demo_errands import COMPACTION_REQUEST, SUMMARY_REQUEST, errand_of
from smriti.llm.types import ChatMessage, ModelRequest, TextPart


def errand(task: str, text: str) -> str | None:
    asked = ChatMessage(role="user", parts=(TextPart(text=text),))
    return errand_of(ModelRequest(model="demo", system=f"{task}, please.", messages=(asked,)))


def test_a_block_keeps_its_newest_lines_each_once() -> None:
    lines = "Name: Al\nLikes: tea\nOld fact of five words\nLikes: Tea\nLives in: Rome"
    block = f"At most 8 words are allowed.\n<memory_block>\n{lines}\n</memory_block>"

    assert errand(COMPACTION_REQUEST, block) == "<lines>\nLikes: Tea\nLives in: Rome\n</lines>"


@pytest.mark.parametrize("text", ["", "At most 8 words are allowed.", "<memory_block>\n\n"])
def test_a_block_that_is_not_understood_is_not_made_shorter(text: str) -> None:
    assert errand(COMPACTION_REQUEST, text) == "<lines>\n\n</lines>"


def test_a_summary_grows_by_the_first_sentence_of_each_question() -> None:
    text = (
        "<earlier_summary>\nI live in Rome.\n</earlier_summary>\n"
        '<message from="user" at="">\nIs 3.5 enough? I hope so.\nYes?\n</message>\n'
        '<message from="assistant" at="">\nIt is.\n</message>\n'
        '<message from="user" at="">\nGood\n</message>\n'
        '<message from="user" at="">\n\n</message>'
    )

    assert errand(SUMMARY_REQUEST, text) == (
        "<summary>\nI live in Rome.\nIs 3.5 enough?\nGood\n</summary>"
    )


def test_a_summary_has_400_words_at_most() -> None:
    questions = "".join(
        f'<message from="user" at="">\nIs {n} a number?\n</message>\n' for n in range(200)
    )

    answer = errand(SUMMARY_REQUEST, questions) or ""

    assert len(answer.split()) == 402
    assert "Is 199 a number?" in answer
    assert "Is 99 a number?" not in answer


def test_what_a_person_says_is_no_errand() -> None:
    assert errand("You are a librarian", COMPACTION_REQUEST) is None
    assert errand_of(ModelRequest(model="demo", system="", messages=())) is None
