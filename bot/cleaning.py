"""Makes a thread ready for a summary: nothing is left in it that tells who somebody is, leads elsewhere, or is private.

What is left out here goes nowhere: neither to the language model nor into a plain gathering.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from bot.folding import WORD, bare, folded
from bot.names import Names, numbers_in, spelt
from bot.repeated import Repeated
from bot.sentences import LONGEST_LOOKED_AT, language_of
from bot.thread import Line, Message, Reading, Somebody, Source, Thread

LONGEST_LINE = 1000
BETWEEN_LINES = " · "
"""Stands where a message's line ended without a full stop."""

_DOMAINS = "com|org|net|info|biz|edu|gov|io|dev|app|gg|eu|de|ch|uk|fr|nl|pl|au|nz|tv|example"
"""What web addresses without a scheme end with; not what begins a sentence after a full stop without its space."""
_WEB = re.compile(r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*://[^\s<>]+|\bwww\.[^\s<>]+|\b(?:mailto|tel):\S+", re.IGNORECASE)
_INVITE = re.compile(
    r"\bdiscord(?:app)?\s?\.\s?(?:gg|com|io|me|li)\s?/\s?\S+|(?<![\w.-])(?:[\w-]+\.)+[a-z]{2,}/\S*"
    rf"|(?<![\w.-])(?:[a-z0-9-]+\.)+(?:{_DOMAINS})(?![\w-])",
    re.IGNORECASE,
)
_MASKED = re.compile(
    r"\[([^\[\]\n]{0,300})\]\s?\(\s?<?(?:[a-z][a-z0-9+.-]{0,20}:|/|www\.)[^()\n]{0,500}(?:\([^()\n]{0,200}\)[^()\n]{0,200})?\)",
    re.IGNORECASE,
)
_OF_MAIL = r"[^\s<>()\[\]{}@,;:\"“”„]"
_MAIL = re.compile(
    rf"(?<!{_OF_MAIL}){_OF_MAIL}++(?:@|\s@\s){_OF_MAIL}+\.{_OF_MAIL}+"
    rf"|(?<!{_OF_MAIL}){_OF_MAIL}++\s?[(\[{{<]\s?(?:at|ät|ett|@)\s?[)\]}}>]\s?{_OF_MAIL}+"
    rf"(?:(?:\s?[(\[{{<]\s?(?:dot|punkt|\.)\s?[)\]}}>]\s?|\s(?:dot|punkt)\s){_OF_MAIL}+)*"
    rf"|(?<!{_OF_MAIL}){_OF_MAIL}++\s(?:at|ät)\s(?:[\w-]+(?:\.|\s(?:dot|punkt)\s))+(?:{_DOMAINS}|at|it|es|be)(?![\w-])",
    re.IGNORECASE,
)
_DAY = r"(?:19|20)\d\d[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d\d"
_YEARS = r"(?:19|20)\d\d\s?[-–/]\s?(?:19|20)\d\d"
_HOURS = r"\d{1,2}[.:]\d\d\s?[-–]\s?\d{1,2}[.:]\d\d"
_NUMBER = re.compile(rf"(?<!\d)(?:{_DAY}|{_HOURS}|{_YEARS})(?!\d)|\+?\d(?:[\s./()·_–—-]{{0,3}}\d){{6,}}")
_STAYS = re.compile(rf"{_DAY}|{_HOURS}|{_YEARS}")
_USER = re.compile(r"<@!?(\d+)>")
_EMOJI = re.compile(r"<a?:(\w+):\d+>")
_STAMP = re.compile(r"<t:(-?\d{1,12})(?::[a-zA-Z])?>")
_MARKUP = re.compile(r"<(@&|#|id:|sound:|/(?=[^<>]*:\d))[^<>]*>")
_STANDS_FOR = {"@&": "(role)", "#": "(channel)", "id:": "(channel)", "/": "(command)", "sound:": "(sound)"}
_QUOTES = re.compile(r"\s*(?:(?:[-*•]|\d+\.|#{1,3}|-#)\s+)*>")
_ALL_QUOTES = re.compile(r"\s*>>>")
_BEGINS_LINE = re.compile(r"^\s*(?:(?:[-*•+]|#{1,3}|-#)\s+)+")
_EMPHASIS = re.compile(r"\*{2,}|_{2,}|~~|\|\||`+|(?<=\S)\*|\*(?=\S)|(?<![^\W_])_|_(?![^\W_])|\\(?=[^\w\s])")
_BRACKETS = str.maketrans("[]{}【】〔〕⟦⟧〖〗", "()" * 6)
_ANGLE = re.compile(r"<(?=[\w/!#&:])(?!3)")
_LEADS_OUT = re.compile(r"https?://(?!(?:[\w-]+\.)*discord(?:app)?\.)[^/]", re.IGNORECASE)
_SHELLS = " ‹›()[]{}.,;:…-*_~|`#\"'"
"""What is left around a link or mention that was taken out."""
_AFTER_LINK = ".,;:!?]}'\"…*_|~`"
_NEAR = 5
"""Signs that may stand between *Person* and a number for the two to be taken together."""
_ENDS = ".?!:;,…·)؟。？！"


def prepared(reading: Reading, left_out: frozenset[int], fallback: str) -> Thread:
    """Return what may go into a summary of what was read; ``fallback`` is its language where that can't be told."""
    return cleaned(reading, left_out, language_of(_latest_words(reading, left_out), fallback))


def cleaned(reading: Reading, left_out: frozenset[int], language: str) -> Thread:
    """Return what may go into a summary of what was read, in a ``language`` found beforehand."""
    heard = [each for each in reading.messages if each.author_id not in left_out]
    unheard = [each for each in reading.messages if each.author_id in left_out]
    numbers = _numbers(heard, reading.named, left_out)
    known = _all_names(reading)
    names = Names(known, numbers)
    theirs = Names({each: known[each] for each in left_out if each in known}, {})
    repeated = Repeated((each.author_id, said_in(each.words)) for each in unheard)
    not_theirs = {link for each in unheard for link in _links(each.words)}
    texts = repeated.left_out_of([(each.author_id, said_in(each.words)) for each in heard])
    kept = [
        (message, signed)
        for message, text in zip(heard, texts, strict=True)
        if (signed := _signed(text, names)).strip("… ·")
    ]
    lines = {message.id: number for number, (message, _signs) in enumerate(kept, 1)}
    return Thread(
        lines=tuple(
            Line(
                number=lines[message.id],
                source=Source(message.channel_id, message.id, message.author_id),
                person=numbers.get(message.author_id or 0),
                words=cut(spelt(signed), LONGEST_LINE),
                written_at=message.written_at,
                reply_to=lines.get(message.reply_to or 0),
                mentions=frozenset(numbers[each] for each in message.mentions if each in numbers) | numbers_in(signed),
                links=tuple(
                    each
                    for each in dict.fromkeys(_links(message.words))
                    if each not in not_theirs and theirs.replaced(each) == each
                ),
                welcomed=message.welcomed,
            )
            for message, signed in kept
        ),
        people=_people(kept, numbers, known),
        language=language,
        whole=reading.whole,
    )


def _latest_words(reading: Reading, left_out: frozenset[int]) -> str:
    """Return the last words of a thread in one text, enough of them for telling its language."""
    found: list[str] = []
    room = LONGEST_LOOKED_AT
    for message in reversed(reading.messages):
        if room > 0 and message.author_id not in left_out:
            found.insert(0, _WEB.sub(" ", said_in(message.words)))
            room -= len(found[0])
    return "\n".join(found)


def tame(words: str, longest: int) -> str:
    """Return words that mention nobody, lead nowhere and show as they stand, on one line, cut at ``longest``.

    For what a model says and for names people give themselves, neither of which may be believed.
    """
    line, before = " ".join(bare(words[: 10 * longest]).split()), ""
    while line != before:  # what is taken out may leave something like it behind
        before = line
        line = _MASKED.sub(r"\1", line)
        for pattern in (_WEB, _INVITE, _MAIL, _USER, _MARKUP, _STAMP):
            line = pattern.sub("", line)
        line = _EMOJI.sub(r"\1", line).replace("@", "").replace("://", " ")
        line = line.replace("<", "‹").replace(">", "›").replace("](", "] (")
        line = cut(" ".join(line.split()), longest)
    return line if line.strip(_SHELLS) else ""


def cut(line: str, longest: int) -> str:
    """Return a line that is not longer than that; what was longer ends with a whole word."""
    return line if len(line) <= longest else line[: longest - 1].rsplit(" ", 1)[0].rstrip(".…") + "…"


def said_in(words: str) -> str:
    """Return what a message says itself, without quotations and markup."""
    return "\n".join(_EMPHASIS.sub("", _BEGINS_LINE.sub("", line)) for line in _own_lines(words))


def _own_lines(words: str) -> list[str]:
    """Return a message's lines without those in which it quotes others, who speak for themselves."""
    lines: list[str] = []
    for line in bare(words).split("\n"):
        if _ALL_QUOTES.match(line):
            break
        if not _QUOTES.match(line):
            lines.append(line)
    return lines


def _signed(text: str, names: Names) -> str:
    """Return words without what leads elsewhere or identifies, people by their signs, on one line."""
    text = _MASKED.sub(r"\1 (link)", text)
    text = _USER.sub(lambda found: names.of(int(found[1])), text)
    text = _EMOJI.sub(r":\1:", text)
    text = _STAMP.sub(lambda found: _date(int(found[1])), text)
    text = _MARKUP.sub(lambda found: _STANDS_FOR[found[1].lower()], text)
    text = _MAIL.sub("(e-mail address)", _WEB.sub("(link)", text))
    text = re.sub(r"(?<=\w)@(?=\w)", " at ", text).replace("@", "")
    text = _INVITE.sub("(link)", _WEB.sub("(link)", text)).replace("://", " ")
    text = _NUMBER.sub(lambda found: found[0] if _STAYS.fullmatch(found[0]) else "(number)", text)
    text = names.replaced(text).translate(_BRACKETS)
    return _on_one_line(_broken_up(_ANGLE.sub("‹", text)))


def _on_one_line(text: str) -> str:
    """Return lines as one, with a mark where one ended without a full stop."""
    lines = [kept for each in text.split("\n") if (kept := " ".join(each.split()))]
    ended = [each if each[-1] in _ENDS else each + BETWEEN_LINES.rstrip() for each in lines[:-1]]
    return " ".join([*ended, *lines[-1:]])


def _broken_up(text: str) -> str:
    """Return a text in which no *Person 3* that was typed stands for anybody."""
    found = list(WORD.finditer(text)) if re.search(r"\d", text) else []
    pieces: list[str] = []
    end = 0
    for word, number in pairwise(found):
        if number[0].isdigit() and number.start() - word.end() <= _NEAR and folded(word[0]).endswith("person"):
            pieces += [text[end : number.start()], " no. "]
            end = number.start()
    return "".join([*pieces, text[end:]])


def _links(words: str) -> list[str]:
    """Return the web addresses in what a message says; none of Discord's own, which hold ids or soon lead nowhere."""
    found: list[str] = []
    for each in _WEB.findall("\n".join(_own_lines(words))) if "://" in words else ():
        link = each.rstrip(_AFTER_LINK)
        while link.endswith(")") and link.count(")") > link.count("("):
            link = link[:-1].rstrip(_AFTER_LINK)
        if _LEADS_OUT.match(link):
            found.append(link)
    return found


def _numbers(
    heard: Sequence[Message], named: Mapping[int, tuple[str, ...]], left_out: frozenset[int]
) -> dict[int, int]:
    writers = dict.fromkeys(each.author_id for each in heard if each.author_id is not None)
    mentioned = dict.fromkeys(each for message in heard for each in sorted(message.mentions) if each in named)
    everyone = [each for each in {**writers, **mentioned} if each not in left_out]
    return {member_id: number for number, member_id in enumerate(everyone, 1)}


def _people(
    kept: Sequence[tuple[Message, str]], numbers: Mapping[int, int], names: Mapping[int, tuple[str, ...]]
) -> tuple[Somebody, ...]:
    spoke = {message.author_id for message, _signs in kept}
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


def _date(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        return "(time)"
