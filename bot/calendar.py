"""When a rhythm falls due: dateutil's rrule finds the local dates, zoneinfo the instants.

Everything here is a pure function of its arguments and the time zone database.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from dateutil.relativedelta import relativedelta
from dateutil.rrule import MONTHLY, WEEKLY, rrule, weekday

_ONE_DAY = timedelta(days=1)
_NTHS = (1, 2, 3, 4, -1)  # every month has each of these; a fifth Monday it may lack

# Files beside the zones that are no zones: the machine's own setting, a placeholder, tables.
_NOT_ZONES = frozenset({"Factory", "leapseconds", "localtime", "posixrules", "tzdata.zi"})
_REGIONS = frozenset(
    {"Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic"}
    | {"Australia", "Europe", "Indian", "Pacific", "UTC"}
)

# Offered before anything is typed, west to east, and first among equals afterwards.
_WELL_KNOWN = (
    "UTC",
    "Pacific/Honolulu",
    "America/Los_Angeles",
    "America/Denver",
    "America/Mexico_City",
    "America/Chicago",
    "America/Bogota",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Argentina/Buenos_Aires",
    "Europe/London",
    "Europe/Paris",
    "Europe/Berlin",
    "Africa/Lagos",
    "Africa/Johannesburg",
    "Africa/Cairo",
    "Africa/Nairobi",
    "Europe/Istanbul",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Jakarta",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Pacific/Auckland",
)


class Turn(StrEnum):
    """The unit a rhythm is counted in."""

    WEEK = "week"
    MONTH = "month"


_MOST = {Turn.WEEK: 52, Turn.MONTH: 12}
_DAYS_IN_A_TURN = {Turn.WEEK: 7, Turn.MONTH: 28}


@dataclass(frozen=True)
class Recurrence:
    """On which local dates a rhythm comes round.

    The first date is the first that matches on or after ``anchor``; every n weeks is counted from that
    date, every n months from its month. A new year changes nothing: the count runs on.
    Raises ValueError when the parts make no recurrence.
    """

    weekday: int  # 0 Monday … 6 Sunday
    anchor: date
    every: int = 1  # 1..52 weeks or 1..12 months
    turn: Turn = Turn.WEEK
    nth: int | None = None  # months: 1..4, or -1 for the last such weekday; weeks: None

    def __post_init__(self) -> None:
        if self.weekday not in range(7):
            raise ValueError(f"weekday runs from 0 (Monday) to 6 (Sunday), not {self.weekday}")
        if isinstance(self.anchor, datetime):
            raise ValueError(f"anchor is a date without a time, not {self.anchor}")
        if not 1 <= self.every <= _MOST[self.turn]:
            raise ValueError(f"every runs from 1 to {_MOST[self.turn]} {self.turn}s, not {self.every}")
        if self.turn is Turn.WEEK and self.nth is not None:
            raise ValueError(f"nth belongs to months; a weekly recurrence has none, not {self.nth}")
        if self.turn is Turn.MONTH and self.nth not in _NTHS:
            raise ValueError(f"nth is 1, 2, 3, 4 or -1 (last) in a monthly recurrence, not {self.nth}")

    def dates(self, start: date) -> Iterator[date]:
        """Yield the recurrence's dates on or after ``start``, in order, until the year 9999."""
        first = next(self._matching(self.anchor, every=1), None)
        if first is None:
            return
        earliest = max(start, first)
        for day in self._matching(self._turn_holding(earliest, first), every=self.every):
            if day >= earliest:
                yield day

    def _matching(self, begin: date, *, every: int) -> Iterator[date]:
        rule = rrule(
            WEEKLY if self.turn is Turn.WEEK else MONTHLY,
            dtstart=datetime.combine(begin, time.min),
            interval=every,
            byweekday=weekday(self.weekday, self.nth),
            wkst=self.weekday,  # a week begins with its match, so rrule never looks past the year 9999
        )
        return (moment.date() for moment in rule)

    def _turn_holding(self, day: date, first: date) -> date:
        """Return where the last turn begun by ``day`` begins, so that nobody counts up from the anchor."""
        if self.turn is Turn.WEEK:
            days = (day - first).days
            return first + timedelta(days=days - days % (7 * self.every))
        months = (day.year - first.year) * 12 + day.month - first.month
        return first.replace(day=1) + relativedelta(months=months - months % self.every)


@dataclass(frozen=True)
class Slot:
    """One time a rhythm falls due.

    ``day`` is the recurrence's date and names the slot for good; ``instant`` is aware UTC. The local date
    of the instant is a later one only where the zone skipped the time across midnight (see instant_at).
    """

    day: date
    instant: datetime


@dataclass(frozen=True)
class Schedule:
    """A recurrence at a local time in a zone.

    Raises ValueError on an unknown zone, and on a time that has an offset or seconds.
    """

    recurrence: Recurrence
    at: time  # local, naive, whole minutes
    zone: str  # IANA

    def __post_init__(self) -> None:
        if self.at.tzinfo is not None or self.at.second or self.at.microsecond:
            raise ValueError(f"at is a local time in whole minutes, not {self.at.isoformat()}")
        if self.zone not in known_zones():
            raise ValueError(f"{self.zone!r} is not a time zone's IANA name")

    def slots(self, start: date) -> Iterator[Slot]:
        """Yield the slots whose day is ``start`` or later; their days and instants both strictly increase."""
        for day in self.recurrence.dates(start):
            yield Slot(day, instant_at(day, self.at, self.zone))

    def next_slot(self, *, after_day: date | None, not_before: datetime) -> Slot:
        """Return the first slot with a day after ``after_day`` and an instant at or after ``not_before``.

        ``not_before`` is aware, else ValueError. Raises OverflowError when the calendar ends first.
        """
        # A skipped time may move a slot into the next local day, never further.
        start = local_day(not_before, self.zone) - 2 * _ONE_DAY
        if after_day is not None:
            start = max(start, after_day + _ONE_DAY)
        for slot in self.slots(start):
            if slot.instant >= not_before:
                return slot
        raise OverflowError("no slot is left before the year 10000")


def instant_at(day: date, at: time, zone: str) -> datetime:
    """Return the instant, aware UTC, at which clocks in ``zone`` show ``at`` on ``day``.

    A time that the clocks skip moves forward by what they skip; a time they show twice is the first.
    A zone that skipped a whole day (Pacific/Apia on 30 December 2011, Pacific/Kwajalein on
    21 August 1993) so gives the same time on the day after.
    """
    # PEP 495: fold=0 reads a skipped time with the offset before the change, a doubled one as the first.
    return datetime.combine(day, at.replace(fold=0), ZoneInfo(zone)).astimezone(UTC)


def local_day(instant: datetime, zone: str) -> date:
    """Return the date in ``zone`` at ``instant``. Raises ValueError when the instant is naive."""
    if instant.tzinfo is None:
        raise ValueError(f"an instant knows its offset from UTC; {instant} does not")
    return instant.astimezone(ZoneInfo(zone)).date()


def first_day_after_move(recurrence_turn: Turn, every: int, last_day: date | None, today: date) -> date:
    """Return the earliest local date a moved rhythm may come round again.

    Today when it never came round; else more than half a turn after ``last_day``, its last date: moved from
    Monday to Tuesday it does not return the next day, moved from Monday to Sunday it comes on Sunday.
    ``today`` is local to the zone it moves to. Ask next_slot with the eve of this date as ``after_day``
    and keep the anchor: anchored anew, a rhythm of three or more weeks would come round early.
    """
    if last_day is None:
        return today
    half_a_turn = timedelta(days=every * _DAYS_IN_A_TURN[recurrence_turn] // 2)
    return max(today, last_day + half_a_turn + _ONE_DAY)


@cache
def known_zones() -> frozenset[str]:
    """Return the IANA names a rhythm or a member may use. The first call reads the zone files from disk."""
    return frozenset(
        zone for zone in available_timezones() if zone not in _NOT_ZONES and not zone.startswith(("posix/", "right/"))
    )


def zone_suggestions(typed: str, limit: int = 25) -> list[str]:
    """Return up to ``limit`` zones that hold what was typed, likeliest first, always in the same order.

    Case, accents and underscores do not matter. Nothing typed gives well-known zones round the world.
    25 is what Discord's autocomplete shows.
    """
    wanted = _plain(typed)
    if not wanted:
        return list(_WELL_KNOWN[:limit])
    found = [(_distance(wanted, plain), place, zone) for plain, place, zone in _zones_in_order() if wanted in plain]
    return [zone for _, _, zone in sorted(found)[:limit]]


def _distance(wanted: str, plain: str) -> int:
    """Rank a match: the whole name, then a city's beginning, the name's, a word's, or anywhere in it."""
    beginnings = plain == wanted, plain.rpartition("/")[2].startswith(wanted), plain.startswith(wanted)
    if any(beginnings):
        return beginnings.index(True)
    return 3 if f" {wanted}" in plain.replace("/", " ") else 4


@cache
def _zones_in_order() -> tuple[tuple[str, int, str], ...]:
    """Return each zone as (plain name, place, name): well-known ones, then places, then old abbreviations."""

    def place(zone: str) -> int:
        if zone in _WELL_KNOWN:
            return 0
        return 1 if zone.partition("/")[0] in _REGIONS else 2

    return tuple((_plain(zone), place(zone), zone) for zone in known_zones())


def _plain(text: str) -> str:
    """Return ``text`` as it is compared: lower case, no accents, single spaces for underscores."""
    letters = unicodedata.normalize("NFKD", text.casefold()).replace("_", " ")
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).split())
