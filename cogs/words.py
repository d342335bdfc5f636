"""Words that stand in more than one card: elements, moods, rules of rhythms, reasons."""

from datetime import date

from babel.dates import format_date, format_time, get_day_names
from babel.numbers import format_decimal

from bot.calendar import Turn
from bot.language import _, ngettext, spoken
from bot.store.rhythms import Rhythm, RhythmKind


def tag_word(tag: str) -> str:
    """Return the word people read for an element or an overlap."""
    return {
        "work": _("work"),
        "learning": _("learning"),
        "relationship": _("relationship"),
        "innovation": _("innovation"),
        "sustainability": _("sustainability"),
        "kinship": _("kinship"),
        "purpose": _("purpose"),
    }[tag]


def arriving_word(key: str) -> str:
    """Return the word people read for how someone arrives."""
    return {
        "rested": _("rested"),
        "curious": _("curious"),
        "glad": _("glad"),
        "full": _("full"),
        "tired": _("tired"),
        "tender": _("tender"),
        "restless": _("restless"),
        "grateful": _("grateful"),
    }[key]


def day_name(weekday: int) -> str:
    """Return a weekday's name (0 Monday … 6 Sunday) in the language spoken."""
    return get_day_names("wide", locale=spoken())[weekday]


def region() -> str:
    """Return the language spoken with the region whose dates and times it shows: English is British."""
    return "en_GB" if spoken() == "en" else spoken()


def number_words(number: int) -> str:
    """Return a number with its thousands apart, as the language spoken writes it."""
    return format_decimal(number, locale=region())


def date_words(day: date) -> str:
    """Return a date in words, in the language spoken."""
    return format_date(day, "full", locale=region())


def rule_words(rhythm: Rhythm) -> str:
    """Return when a rhythm comes round, in words, with its local time and zone."""
    day = day_name(rhythm.weekday)
    if rhythm.turn is Turn.WEEK:
        rule = ngettext("every {day}", "every {count} weeks on {day}", rhythm.every)
    else:
        rule = {
            1: ngettext("the first {day} of every month", "the first {day} of every {count} months", rhythm.every),
            2: ngettext("the second {day} of every month", "the second {day} of every {count} months", rhythm.every),
            3: ngettext("the third {day} of every month", "the third {day} of every {count} months", rhythm.every),
            4: ngettext("the fourth {day} of every month", "the fourth {day} of every {count} months", rhythm.every),
            -1: ngettext("the last {day} of every month", "the last {day} of every {count} months", rhythm.every),
        }[rhythm.nth or 1]
    at = format_time(rhythm.at, "short", locale=region())
    return _("{rule} at {time} ({zone})").format(
        rule=rule.format(day=day, count=rhythm.every), time=at, zone=rhythm.zone
    )


def rhythm_words(rhythm: Rhythm) -> str:
    """Return what a rhythm brings, and when."""
    what = {
        RhythmKind.CHECKIN: _("Check-in"),
        RhythmKind.KEEPER: _("Keeper of calls"),
        RhythmKind.CIRCLE: _("Learning circle"),
    }[rhythm.kind]
    return _("{what}: {rule}").format(what=what, rule=rule_words(rhythm))


def reason_words(reason: str) -> str:
    """Return why something was not said, and the one thing to change."""
    return {
        "too-late": _("Discord could not be reached in time, and six hours later it would only have been noise."),
        "no-access": _("I am not allowed to post there. /setup check shows which permission is missing, and where."),
        "channel-gone": _("The channel or thread is gone. /setup start lets you choose another."),
        "card-gone": _("Its card was deleted, so there is no thread to put it in."),
        "no-card": _("Its card could not be posted, so there is no thread yet. /setup check shows what is missing."),
        "no-events": _(
            "I am not allowed to make one; the circle takes place all the same. In Server Settings → Roles, allow my "
            "role *Create Events*. What else an event needs in a voice or stage channel, /setup check shows."
        ),
        "not-removed": _("I was not allowed to remove it there. Please delete that post by hand."),
        "refused": _("Discord refused the message. Please tell the person who runs Kith; the reason is in its log."),
        "unsure": _(
            "I could not read the channel to see whether it was posted before a restart, and did not want to post it "
            "twice. Please look, and grant *Read Message History* there."
        ),
    }.get(reason, _("The reason is in Kith's log."))
