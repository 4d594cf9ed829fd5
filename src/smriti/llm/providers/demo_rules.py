"""What the demo model understands: how people tell a fact, and how they ask for it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# A value ends where the sentence ends or speaks of something else; "London, UK" is one value.
_VALUE: Final = (
    r"(.+?)(?=\s*(?:[;!?\n]|\.(?:\s|$)|,(?!\s(?-i:(?!(?:I|My|We|And|But|So)\b)[A-Z]))|$)"
    r"|\s+(?:and|but|because|so|while)\s+(?:I|I'm|my|we|please)\b)"
)
_SENTENCE: Final = re.compile(r"[^.!?\n]+(?:\.(?!\s|$)[^.!?\n]*)*[.!?]?")

# The patterns look ahead; on a long text made for it that would take seconds.
_MAX_CHARACTERS: Final = 4_000


@dataclass(frozen=True)
class Rule:
    """One kind of fact. In `key` and `says`, {0} is the pattern's first group, and so on."""

    key: str
    told: str
    says: str
    asked: str = r"(?!)"
    single: bool = True  # a newer fact takes the place of the older one


RULES: Final = (
    Rule(
        "Name",
        r"(?:my name is|call me|I'm called|(?:hi|hello|hey)[,.!]? (?:I'm|I am)) " + _VALUE,
        "your name is {0}",
        r"what(?:'s| is) my name|who am I\b|(?:know|remember) my name",
    ),
    Rule(
        "Works at",
        r"I (?:now |currently )?work (?:at|for) " + _VALUE,
        "you work at {0}",
        r"where do I work|who do I work for|what(?:'s| is) my (?:employer|company)",
    ),
    Rule(
        "Occupation",
        r"(?:I (?:now )?work as|my (?:job|occupation|profession) is) (?:an? )?" + _VALUE,
        "your occupation is {0}",
        r"what(?:'s| is) my (?:job|occupation|profession)|what do I do\b",
    ),
    Rule(
        "Lives in",
        r"I(?:'ve| have)? (?:(?:now |currently )?live in|(?:just |recently )?moved to) " + _VALUE,
        "you live in {0}",
        r"where do I live|(?:which|what) (?:city|town|country) do I live",
    ),
    Rule(
        "From", r"I(?:'m| am| come) from " + _VALUE, "you are from {0}", r"where (?:am|do) I .*from"
    ),
    Rule(
        "Age",
        r"I(?:'m| am) (\d{1,3})(?= years old|\s*[.,;!]|$| and )",
        "you are {0} years old",
        r"how old am I|what(?:'s| is) my age",
    ),
    Rule(
        "Born",
        r"I was born ((?:in|on) .+?)" + _VALUE.removeprefix("(.+?)"),
        "you were born {0}",
        r"(?:when|where) was I born",
    ),
    Rule(
        "Birthday",
        r"my birthday is (?:on )?" + _VALUE,
        "your birthday is {0}",
        r"(?:when|what)(?:'s| is) my birthday",
    ),
    Rule(
        "Favorite {0}",
        r"my favou?rite ([\w ]+?) (?:is|are) " + _VALUE,
        "your favorite {0} is {1}",
        r"what(?:'s| is| are) my favou?rite ([\w ]+)",
    ),
    Rule(
        "{0}",
        r"I have an? ([\w ]+?) (?:named|called) " + _VALUE,
        "your {0} is called {1}",
        r"what(?:'s| is) my (\w+)(?:'s name| called| named)",
    ),
    Rule("{0}", r"my (\w+)'s name is " + _VALUE, "your {0} is called {1}"),
    Rule(
        "Allergic to",
        r"I(?:'m| am) allergic to " + _VALUE,
        "you are allergic to {0}",
        r"what am I allergic to",
        single=False,
    ),
    Rule(
        "Learns",
        r"I(?:'m| am) (?:learning|studying) " + _VALUE,
        "you are learning {0}",
        r"what am I (?:learning|studying)",
        single=False,
    ),
    Rule(
        "Speaks",
        r"I speak " + _VALUE,
        "you speak {0}",
        r"(?:what|which) languages? do I speak",
        single=False,
    ),
    Rule(
        "Dislikes",
        r"I (?:really )?(?:don't like|do not like|dislike|hate) " + _VALUE,
        "you don't like {0}",
        r"what do(?:n't)? I (?:not like|dislike|hate|like.* not)",
        single=False,
    ),
    Rule(
        "Likes",
        r"I (?:really |also )?(?:like|love|enjoy) " + _VALUE,
        "you like {0}",
        r"what do I (?:like|love|enjoy)",
        single=False,
    ),
    Rule(
        "Is",
        r"I(?:'m| am) (an? (?!bit\b|little\b|lot\b).+?)" + _VALUE.removeprefix("(.+?)"),
        "you are {0}",
        single=False,
    ),
)
_TOLD: Final = tuple((rule, re.compile(r"\b" + rule.told, re.IGNORECASE)) for rule in RULES)
_ASKED: Final = tuple((rule, re.compile(r"\b" + rule.asked, re.IGNORECASE)) for rule in RULES)


@dataclass(frozen=True)
class Fact:
    """`line` is how it stands in core memory, `says` how the demo repeats it."""

    key: str
    value: str
    line: str
    says: str
    single: bool


def facts_in(text: str) -> list[Fact]:
    """What the user tells, in order; of two answers to one question only the later."""
    found = sorted(_matches(_plain(text)), key=lambda pair: pair[0])
    latest = {fact.key if fact.single else fact.line: fact for _, fact in found}
    return list(latest.values())


def _plain(text: str) -> str:
    return re.sub(r"[^\S\n]+", " ", text[:_MAX_CHARACTERS])


def _matches(text: str) -> Iterator[tuple[int, Fact]]:
    for sentence in _SENTENCE.finditer(text):
        if sentence.group().endswith("?"):
            continue
        for rule, pattern in _TOLD:
            for match in pattern.finditer(sentence.group()):
                yield sentence.start() + match.start(), _fact(rule, match.groups())


def _fact(rule: Rule, groups: tuple[str, ...]) -> Fact:
    *about, value = (group.strip(" .\"'") for group in groups)
    key = key_of(rule, about)
    return Fact(key, value, f"{key}: {value}", rule.says.format(*about, value), rule.single)


def noted(text: str) -> Fact:
    """A fact in the user's own words."""
    plain = " ".join(text.split()).rstrip(".!")
    line = plain[:1].upper() + plain[1:]
    return Fact("", line, line, "", single=False)


def key_of(rule: Rule, about: list[str]) -> str:
    key = rule.key.format(*about)
    return key[:1].upper() + key[1:]


def question_in(text: str) -> tuple[Rule, list[str]] | None:
    """The rule that the user asks about, and what its groups hold without the value."""
    for rule, pattern in _ASKED:
        if match := pattern.search(_plain(text)):
            return rule, [group.strip() for group in match.groups()]
    return None
