"""Makes a thread ready for a summary: nothing is left in it that tells who somebody is, leads elsewhere, or is private.

What is left out here goes nowhere: neither to the language model nor into a plain gathering.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from bot.sentences import language_of
from bot.services.words import visible
from bot.thread import Line, Message, Reading, Somebody, Source, Thread

LONGEST_LINE = 1000
SHORTEST_NAME = 3
"""Letters a name, or a part of one, has at least to be looked for; a part only with its capital."""
REPEATED_WORDS = 4
"""Words in a row of someone who is left out, from which on others repeat them."""
PERSON = re.compile(r"\bPerson (\d+)\b")

_WEB = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s<>]+|\bwww\.[^\s<>]+|\bmailto:\S+", re.IGNORECASE)
_INVITE = re.compile(r"\bdiscord(?:app)?\.(?:gg|com|io|me|li)/\S+|\b(?:[\w-]+\.)+[a-z]{2,}/\S*", re.IGNORECASE)
_MASKED = re.compile(r"\[([^\[\]]*)\]\s*\([^()]*\)")
_MAIL = re.compile(r"[^\s<>()\[\]@,;:]+@[^\s<>()\[\]@,;:]+\.[^\s<>()\[\]@,;:]+")
_LONG_NUMBER = re.compile(r"<[^<>\s]*>|\+?\d(?:[\s./()-]{0,2}\d){6,}")
_USER = re.compile(r"<@!?(\d+)>")
_EMOJI = re.compile(r"<a?:(\w+):\d+>")
_STAMP = re.compile(r"<t:(-?\d{1,12})(?::[a-zA-Z])?>")
_MARKUP = re.compile(r"<(?:@&|#|id:|/|sound:)[^<>]*>")
_BRACKETED = re.compile(r"\[\s*(\d+)\s*\]")
_TYPED_PERSON = re.compile(r"\bperson\s*#?\s*(\d+)", re.IGNORECASE)
_WORD = re.compile(r"\w+")
SOMEONE = "someone"


def prepared(reading: Reading, left_out: frozenset[int], fallback: str) -> Thread:
    """Return what may go into a summary of what was read; ``fallback`` is its language where that can't be told."""
    return cleaned(reading, left_out, language_of(plain_words(reading, left_out), fallback))


def cleaned(reading: Reading, left_out: frozenset[int], language: str) -> Thread:
    """Return what may go into a summary of what was read, in a ``language`` found beforehand."""
    heard = [each for each in reading.messages if each.author_id not in left_out]
    unheard = [each for each in reading.messages if each.author_id in left_out]
    numbers = _numbers(heard, reading.named, left_out)
    names = _Names(reading, numbers)
    repeated = _Repeated(unheard)
    kept: list[tuple[Message, str]] = []
    for message in heard:
        words = ready(repeated.left_out_of(_unquoted(message.words)), names)
        if words:
            kept.append((message, words))
    lines = {message.id: number for number, (message, _words) in enumerate(kept, 1)}
    return Thread(
        lines=tuple(
            Line(
                number=lines[message.id],
                source=Source(message.channel_id, message.id, message.author_id),
                person=numbers.get(message.author_id or 0),
                words=words,
                written_at=message.written_at,
                reply_to=lines.get(message.reply_to or 0),
                mentions=frozenset(numbers[each] for each in message.mentions if each in numbers),
                links=tuple(dict.fromkeys(_links(_unquoted(message.words)))),
                welcomed=message.welcomed,
            )
            for message, words in kept
        ),
        people=_people(kept, numbers, reading),
        language=language,
        whole=reading.whole,
    )


def plain_words(reading: Reading, left_out: frozenset[int]) -> str:
    """Return the words of a thread in one text, for telling its language."""
    return "\n".join(
        _WEB.sub(" ", _unquoted(each.words)) for each in reading.messages if each.author_id not in left_out
    )


def tame(words: str, longest: int) -> str:
    """Return words that mention nobody, lead nowhere and show as they stand, on one line, cut at ``longest``.

    For what a model says and for names people give themselves, neither of which may be believed.
    """
    line = " ".join(visible(words).split())
    for _turn in range(3):  # what is taken out may leave something like it behind
        line = _MASKED.sub(r"\1", line)
        for pattern in (_WEB, _INVITE, _MAIL, _USER, _MARKUP, _STAMP):
            line = pattern.sub("", line)
        line = _EMOJI.sub(r"\1", line)
    line = line.replace("@", "").replace("<", "‹").replace(">", "›").replace("://", " ").replace("](", "] (")
    line = " ".join(line.split())
    return line if len(line) <= longest else line[: longest - 1].rsplit(" ", 1)[0] + "…"


def ready(words: str, names: "_Names") -> str:
    """Return a message's words on one line, people by number, with nothing that leads elsewhere or identifies."""
    text = visible(words)
    text = _TYPED_PERSON.sub(r"person no. \1", text)
    text = _MASKED.sub(r"\1 (link)", text)
    text = _MAIL.sub("(e-mail address)", text)
    text = _WEB.sub("(link)", text)
    text = _INVITE.sub("(link)", text)
    text = _LONG_NUMBER.sub(lambda found: found[0] if _may_stay(found[0]) else "(number)", text)
    text = _USER.sub(lambda found: names.of(int(found[1])), text)
    text = _EMOJI.sub(r":\1:", text)
    text = _STAMP.sub(lambda found: _date(int(found[1])), text)
    text = _MARKUP.sub("(channel)", text)
    text = names.replaced(text)
    text = _BRACKETED.sub(r"(\1)", text)
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"


class _Names:
    """The names of everyone in a thread, and what stands in their place."""

    def __init__(self, reading: Reading, numbers: Mapping[int, int]) -> None:
        self._numbers = numbers
        full: dict[str, str] = {}
        parts: dict[str, str] = {}
        for member_id, names in _all_names(reading).items():
            for name in [each for each in names if len(each) >= SHORTEST_NAME]:
                full.setdefault(name.casefold(), self.of(member_id))
                for part in re.findall(rf"\w{{{SHORTEST_NAME},}}", name):
                    parts.setdefault(_capital(part), self.of(member_id))
        self._full = full
        self._parts = {part: person for part, person in parts.items() if part.casefold() not in full}
        self._any_full = _any_of(full, re.IGNORECASE)
        self._any_part = _any_of(self._parts, re.NOFLAG)

    def of(self, member_id: int) -> str:
        """Return what stands in place of somebody's name."""
        number = self._numbers.get(member_id)
        return SOMEONE if number is None else f"Person {number}"

    def replaced(self, text: str) -> str:
        """Return a text without anybody's name."""
        if self._any_full is not None:
            text = self._any_full.sub(lambda found: self._full.get(found[1].casefold(), SOMEONE), text)
        if self._any_part is not None:
            text = self._any_part.sub(lambda found: self._parts.get(found[1], SOMEONE), text)
        return text


class _Repeated:
    """What those who are left out wrote, to be found again where others repeat it."""

    def __init__(self, unheard: Iterable[Message]) -> None:
        self._runs: set[tuple[str, ...]] = set()
        for message in unheard:
            words = [each.casefold() for each in _WORD.findall(message.words)]
            self._runs |= {tuple(words[at : at + REPEATED_WORDS]) for at in range(len(words) - REPEATED_WORDS + 1)}

    def left_out_of(self, words: str) -> str:
        """Return words without the runs of four words or more that repeat what somebody left out wrote."""
        if not self._runs:
            return words
        found = list(_WORD.finditer(words))
        gone = [False] * len(found)
        for at in range(len(found) - REPEATED_WORDS + 1):
            run = tuple(each[0].casefold() for each in found[at : at + REPEATED_WORDS])
            if run in self._runs:
                gone[at : at + REPEATED_WORDS] = [True] * REPEATED_WORDS
        if not any(gone):
            return words
        kept: list[str] = []
        end = 0
        for index, each in enumerate(found):
            if gone[index]:
                kept.append(words[end : each.start()])
                end = each.end()
        return "".join(kept) + words[end:]


def _unquoted(words: str) -> str:
    """Return a message's words without the lines in which it quotes others, who speak for themselves."""
    before, block, _rest = words.partition("\n>>> ") if not words.startswith(">>> ") else ("", ">>> ", "")
    kept = before if block else words
    return "\n".join(line for line in kept.split("\n") if not line.lstrip().startswith(">"))


def _links(words: str) -> list[str]:
    found = [each.rstrip(".,;:!?)]}'\"") for each in _WEB.findall(words)]
    return [each for each in found if each.lower().startswith(("http://", "https://"))]


def _numbers(
    heard: Sequence[Message], named: Mapping[int, tuple[str, ...]], left_out: frozenset[int]
) -> dict[int, int]:
    writers = dict.fromkeys(each.author_id for each in heard if each.author_id is not None)
    mentioned = dict.fromkeys(each for message in heard for each in sorted(message.mentions) if each in named)
    everyone = [each for each in {**writers, **mentioned} if each not in left_out]
    return {member_id: number for number, member_id in enumerate(everyone, 1)}


def _people(kept: Sequence[tuple[Message, str]], numbers: Mapping[int, int], reading: Reading) -> tuple[Somebody, ...]:
    spoke = {message.author_id for message, _words in kept}
    names = _all_names(reading)
    return tuple(
        Somebody(number, member_id, tame(names[member_id][0], 60) if names.get(member_id) else "", member_id in spoke)
        for member_id, number in numbers.items()
    )


def _all_names(reading: Reading) -> dict[int, tuple[str, ...]]:
    names = {member_id: tuple(each for each in known if each.strip()) for member_id, known in reading.named.items()}
    for message in reading.messages:
        if message.author_id is not None:
            known = names.get(message.author_id, ())
            names[message.author_id] = tuple(dict.fromkeys([*[each for each in message.names if each.strip()], *known]))
    return names


def _any_of(names: Iterable[str], flags: re.RegexFlag) -> re.Pattern[str] | None:
    longest_first = sorted((each for each in names if each), key=len, reverse=True)
    if not longest_first:
        return None
    return re.compile(rf"(?<!\w)@?({'|'.join(re.escape(each) for each in longest_first)})(?!\w)", flags)


def _capital(part: str) -> str:
    return part[:1].upper() + part[1:]


def _date(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        return "(time)"


def _may_stay(found: str) -> bool:
    """Tell whether digits in a row are a date, or belong to a mention that is seen to by itself."""
    day = r"(?:19|20)\d\d[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d\d"
    return found.startswith("<") or re.fullmatch(day, found) is not None
