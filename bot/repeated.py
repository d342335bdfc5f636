"""Finds what those who are left out wrote where others repeat it, and takes it out.

Words are compared as ``bot.folding`` compares them, whatever stands between them, also over several messages of one
person in a row:

- four words in a row or more, if one of them is not among the ``commonest`` (in the wordings), or if they
  are a whole sentence;
- a whole sentence of two or three words, if one of them is not among the commonest;
- a whole sentence of one to three words, whichever, within quotation marks.

What somebody retells in other words stays: nothing here understands what is said.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from bot.folding import WORD, folded, keys_of, listed

RUN = 4
"""Words in a row of someone who is left out, from which on others repeat them."""
GONE = "…"
_SENTENCE = re.compile(r"[.!?…:;\n]+")
_QUOTATION = re.compile(r"(?<!\w)[\"“”„«»‚‘’'‹›]([^\"“”„«»‚‘‹›\n]{1,80}?)[\"“”„«»‚‘’'‹›](?!\w)")

Said = tuple[int | None, str]
"""Who wrote a message, and its words."""


class Repeated:
    """What those who are left out wrote."""

    def __init__(self, unheard: Iterable[Said]) -> None:
        self._runs: set[tuple[str, ...]] = set()
        self._sentences: set[tuple[str, ...]] = set()
        streams: defaultdict[int | None, list[str]] = defaultdict(list)
        for author, words in unheard:
            streams[author] += keys_of(words)
            self._sentences |= {tuple(keys) for each in _SENTENCE.split(words) if (keys := keys_of(each))}
            if whole := tuple(keys_of(words)):
                self._sentences.add(whole)
        for stream in streams.values():
            self._runs |= set(_runs(stream, RUN))
        self._short = {each for each in self._sentences if 1 < len(each) < RUN and not _common(each)}

    def left_out_of(self, heard: Sequence[Said]) -> list[str]:
        """Return the words of messages, in their order, without what they repeat."""
        if not self._sentences:
            return [words for _author, words in heard]
        texts = [_QUOTATION.sub(self._unless_said, words) for _author, words in heard]
        places: defaultdict[int | None, list[tuple[int, re.Match[str]]]] = defaultdict(list)
        for index, (author, _words) in enumerate(heard):
            places[author] += [(index, each) for each in WORD.finditer(texts[index])]
        gone: defaultdict[int, list[re.Match[str]]] = defaultdict(list)
        for stream in places.values():
            for index, each in self._repeated(stream):
                gone[index].append(each)
        return [_without(text, gone[index]) if index in gone else text for index, text in enumerate(texts)]

    def _unless_said(self, found: re.Match[str]) -> str:
        said = tuple(keys_of(found[1])) in self._sentences
        return found[0][0] + GONE + found[0][-1] if said else found[0]

    def _repeated(self, stream: list[tuple[int, re.Match[str]]]) -> list[tuple[int, re.Match[str]]]:
        """Return the words of one person's messages that repeat what was said by those who are left out."""
        keys = [folded(each[0]) for _index, each in stream]
        gone = [False] * len(keys)
        for at, run in enumerate(_runs(keys, RUN)):
            if run in self._runs:
                gone[at : at + RUN] = [True] * RUN
        begin = 0
        for at in range(len(keys) + 1):  # of each run found, is it worth taking out?
            if at == len(keys) or not gone[at]:
                if begin < at and _common(keys[begin:at]) and tuple(keys[begin:at]) not in self._sentences:
                    gone[begin:at] = [False] * (at - begin)
                begin = at + 1
        for length in (2, 3) if self._short else ():
            for at, run in enumerate(_runs(keys, length)):
                if run in self._short:
                    gone[at : at + length] = [True] * length
        return [place for place, is_gone in zip(stream, gone, strict=True) if is_gone]


def _runs(keys: Sequence[str], length: int) -> Iterable[tuple[str, ...]]:
    return zip(*(keys[at:] for at in range(length)), strict=False)


def _common(keys: Iterable[str]) -> bool:
    return all(each in listed("commonest") for each in keys)


def _without(text: str, gone: list[re.Match[str]]) -> str:
    """Return a text without some of its words, and without what stands between two of them that follow each other."""
    pieces: list[str] = []
    end = 0
    for each in gone:
        between = text[end : each.start()]
        if WORD.search(between) or not pieces:
            pieces += [between, GONE]
        end = each.end()
    return "".join([*pieces, text[end:]])
