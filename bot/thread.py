"""A thread's words on their way into a summary: as they were read, made ready, and what was found in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.store.summaries import Heading, Unmodelled


@dataclass(frozen=True)
class Message:
    """One message as it was read from Discord.

    ``author_id`` is empty where it can't be told. ``names`` are all the names its writer goes by, the one people see
    first. ``reply_to`` is the message it answers, ``mentions`` whom it names by id, ``welcomed`` how many people
    reacted to it, without those who want to be left out.
    """

    id: int
    channel_id: int
    author_id: int | None
    names: tuple[str, ...]
    words: str
    written_at: datetime
    reply_to: int | None = None
    mentions: frozenset[int] = frozenset()
    welcomed: int = 0


@dataclass(frozen=True)
class Reading:
    """What was read of a thread, oldest first.

    ``whole``: the reading reached the beginning of what was asked for; else older messages were left unread.
    ``named`` are the names of people who are mentioned, by id, whether they wrote or not. ``known``: all the names
    people go by here were told; else some may stand in the words unknown.
    """

    messages: tuple[Message, ...]
    whole: bool = True
    named: Mapping[int, tuple[str, ...]] = field(default_factory=dict[int, tuple[str, ...]])
    known: bool = True


@dataclass(frozen=True)
class Somebody:
    """Somebody in a thread; ``Person 3`` in its words. ``spoke``: they wrote there, rather than being named only."""

    number: int
    member_id: int
    name: str
    spoke: bool


@dataclass(frozen=True)
class Source:
    """A message that a point rests on, and who wrote it."""

    channel_id: int
    message_id: int
    author_id: int | None


@dataclass(frozen=True)
class Line:
    """A message made ready: on one line, without anything that tells who somebody is or leads elsewhere.

    ``number`` counts from 1; ``person`` is its writer's number, ``reply_to`` the line it answers. ``links`` are the
    web addresses that stood in it.
    """

    number: int
    source: Source
    person: int | None
    words: str
    written_at: datetime
    reply_to: int | None = None
    mentions: frozenset[int] = frozenset()
    """Numbers of the people it names."""
    links: tuple[str, ...] = ()
    welcomed: int = 0


@dataclass(frozen=True)
class Thread:
    """What may go into a summary: nothing of those who want their words left out, not even their names.

    ``language`` is the one most of it is in, as a code such as ``de``. ``whole`` as in ``Reading``.
    """

    lines: tuple[Line, ...]
    people: tuple[Somebody, ...]
    language: str
    whole: bool = True


@dataclass(frozen=True)
class Point:
    """One point of a summary: at most 300 characters, people as ``Person 3``, and the messages it rests on."""

    heading: Heading
    words: str
    sources: tuple[Source, ...]
    added: bool = False


@dataclass(frozen=True)
class Findings:
    """What a summary is made of, with or without the model.

    ``messages`` counts those it was made from, ``skipped`` those left out for budget or time; ``cut``: still older
    ones were not read at all.
    """

    language: str
    points: tuple[Point, ...]
    people: tuple[Somebody, ...]
    messages: int
    skipped: int = 0
    cut: bool = False
    unmodelled: Unmodelled | None = None
