"""Dates and times as people type them."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import cast

from babel.dates import get_day_names

from bot.calendar import instant_at, local_day
from bot.errors import Refusal
from bot.language import _, spoken

_TIME = re.compile(r"(?P<hour>[0-9]{1,2})(?:[:.h](?P<minute>[0-9]{2}))?(?:h|(?P<half>[ap])\.?m\.?)?")
_DATE = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})")
_DAY_FIRST = re.compile(r"(?P<day>[0-9]{1,2})\.\s?(?P<month>[0-9]{1,2})\.(?:\s?(?P<year>[0-9]{4}))?")
_MOMENT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{1,2}\.\s?[0-9]{1,2}\.(?:\s?[0-9]{4})?|[^\W\d_]+\.?)"
    r"(?:[\s,]+(?:[^\W\d_]{1,3}\s+)?|T)(?P<time>[0-9].*)"
)
"""A day, then a time, with a little word such as *at* between them."""


def read_time(typed: str) -> time:
    """Return a time of day as people write it: 09:00, 9, 9:30, 9.30, 9am, 21h. Raises Refusal otherwise."""
    found = _TIME.fullmatch(re.sub(r"\s+", "", typed).lower())
    if found is not None:
        hour, minute, half = int(found["hour"]), int(found["minute"] or 0), found["half"]
        fits = 1 <= hour <= 12 if half else hour <= 23
        if fits and minute <= 59:
            return time(hour % 12 + (12 if half == "p" else 0) if half else hour, minute)
    raise Refusal(_("I don't read that as a time of day. Write it as 09:00 or 21:30; 9am and 21h work too."))


def read_date(typed: str) -> date:
    """Return a date written as 2026-11-30. Raises Refusal otherwise."""
    found = _DATE.fullmatch(typed.strip())
    if found is not None:
        try:
            return date(int(found["year"]), int(found["month"]), int(found["day"]))
        except ValueError:
            pass
    raise Refusal(_("I don't read that as a date. Pick one from the list, or write it as 2026-11-30."))


def read_moment(typed: str, zone: str, now: datetime) -> datetime:
    """Return the instant of a day and a time typed as clocks in ``zone`` show them.

    The day: 2026-12-01, 1.12.2026 or 1.12. (the next one), a weekday's name (the next one), today or tomorrow, in
    the language spoken or in English. Raises Refusal otherwise, and says how to write it.
    """
    found = _MOMENT.fullmatch(" ".join(typed.split()))
    try:
        if found is not None:
            at = read_time(found["time"])
            today = local_day(now, zone)
            passed = instant_at(today, at, zone) <= now
            return instant_at(_read_day(found["day"].lower(), today, passed=passed), at, zone)
    except (Refusal, ValueError, OverflowError):
        pass
    example = (local_day(now, zone) + timedelta(days=14)).isoformat()
    raise Refusal(
        _("I don't read that as a day and a time. Write it as {date} 18:30; *Tuesday 18:30* works too.").format(
            date=example
        )
    )


def _read_day(typed: str, today: date, *, passed: bool) -> date:
    """Return the day somebody means; ``passed``: the time they mean is past today. Raises ValueError or Refusal."""
    if typed in ("today", _("today").lower()):
        return today
    if typed in ("tomorrow", _("tomorrow").lower()):
        return today + timedelta(days=1)
    if (named := _day_names().get(typed.rstrip("."))) is not None:
        ahead = (named - today.weekday()) % 7
        return today + timedelta(days=7 if ahead == 0 and passed else ahead)
    if (found := _DAY_FIRST.fullmatch(typed)) is not None:
        year = int(found["year"] or today.year)
        day = date(year, int(found["month"]), int(found["day"]))
        next_year = not found["year"] and (day < today or (day == today and passed))
        return day.replace(year=year + 1) if next_year else day
    return read_date(typed)


def _day_names() -> dict[str, int]:
    """Return each weekday's number by its names in small letters."""
    names: dict[str, int] = {}
    for language in {"en", spoken()}:
        for width in ("wide", "abbreviated"):
            found = cast("Mapping[int, str]", get_day_names(width, locale=language))
            names |= {found[day].lower().rstrip("."): day for day in range(7)}
    return names
