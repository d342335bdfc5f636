"""The forms of calls: writing one, and what its card asks more of people for."""

from datetime import datetime
from typing import Any, cast

import discord
from babel.dates import format_time
from discord import ui

from bot.errors import Refusal
from bot.language import _
from bot.services.callers import LONGEST_LEARNING
from bot.services.calls import MOST_NAMED, CallForm, NewCall
from bot.services.people import Person
from bot.services.responses import Later
from bot.services.words import LONGEST_WORDS, help_word
from bot.store.calls import Audience, Help, Urgency
from cogs.support import Interaction, answers, pressed_name
from cogs.words import day_name, region


def call_form(form: CallForm) -> ui.Modal:
    """Draw the form of a call, filled in with the draft or the words there are."""
    draft = form.draft
    modal = ui.Modal(title=_("A call to your peers"), custom_id=pressed_name("call", 0, "write"))
    parts: list[ui.Item[Any]] = [
        ui.Label(
            text=_("What is alive?"),
            description=_("What you are in the middle of, in your own words. A few lines are enough."),
            component=ui.TextInput(
                custom_id="words",
                style=discord.TextStyle.paragraph,
                max_length=LONGEST_WORDS,
                default=(draft.words if draft else form.words) or None,
                placeholder=_("I am about to … and I am stuck at …"),
            ),
        ),
        ui.Label(
            text=_("What would help?"),
            description=_("One or more."),
            component=ui.CheckboxGroup(
                custom_id="help",
                min_values=1,
                max_values=len(Help),
                options=[
                    discord.CheckboxGroupOption(
                        label=help_word(each),
                        value=each,
                        description=words,
                        default=draft is not None and each in draft.helps,
                    )
                    for each, words in _help_descriptions().items()
                ],
            ),
        ),
        ui.Label(
            text=_("By when?"),
            description=_("It sets how soon others are asked when nobody comes."),
            component=ui.RadioGroup(
                custom_id="urgency",
                options=[
                    discord.RadioGroupOption(
                        label=words, value=each, default=each is (draft.urgency if draft else Urgency.WEEK)
                    )
                    for each, words in _urgency_words().items()
                ],
            ),
        ),
        ui.Label(
            text=_("Who may see it?"),
            component=ui.RadioGroup(
                custom_id="audience",
                options=[
                    discord.RadioGroupOption(
                        label=label,
                        value=each,
                        description=description,
                        default=draft is not None and each is draft.audience,
                    )
                    for each, (label, description) in _audience_words().items()
                ],
            ),
        ),
        ui.Label(
            text=_("People I name"),
            description=_("Only if that is what you chose above; otherwise leave it empty."),
            component=ui.UserSelect(
                custom_id="people",
                required=False,
                min_values=0,
                max_values=MOST_NAMED,
                placeholder=_("Pick up to {count} people").format(count=MOST_NAMED),
                default_values=[discord.SelectDefaultValue.from_user(discord.Object(each)) for each in form.named],
            ),
        ),
    ]
    for part in parts:
        modal.add_item(part)
    return modal


def _help_descriptions() -> dict[Help, str]:
    return {
        Help.LISTEN: _("Hear me out; I am not asking for advice."),
        Help.THINK_ALONG: _("Turn it over together with me."),
        Help.SHOW_ME: _("Let me see how you do it."),
        Help.HANDS: _("Do a part of it with me."),
        Help.INTRODUCE_ME: _("Bring me together with someone."),
    }


def _urgency_words() -> dict[Urgency, str]:
    return {Urgency.TODAY: _("today"), Urgency.WEEK: _("this week"), Urgency.NO_HURRY: _("no hurry")}


def _audience_words() -> dict[Audience, tuple[str, str]]:
    return {
        Audience.EVERYONE: (_("everyone"), _("In the calls channel, with your name.")),
        Audience.HOSTS: (_("hosts"), _("In a private thread that hosts can open.")),
        Audience.NAMED: (_("people I name"), _("In a private thread with the people you pick below.")),
        Audience.NAMELESS: (
            _("everyone, without my name"),
            _("In the calls channel; nobody learns who asks."),
        ),
    }


def written_call(interaction: Interaction) -> NewCall:
    """Return what was filled in; bots, and whoever writes, can't be named."""
    filled = answers(interaction)
    return NewCall(
        words=str(filled.get("words") or ""),
        helps=[Help(each) for each in filled.get("help") or ()],
        urgency=Urgency(filled.get("urgency") or Urgency.WEEK),
        audience=Audience(filled.get("audience") or Audience.EVERYONE),
        named=[person.member_id for person in people_picked(interaction) if person.member_id != interaction.user.id],
    )


def people_picked(interaction: Interaction) -> list[Person]:
    """Return the members who were picked in a form, as Discord describes them; bots are left out."""
    data = cast("dict[str, Any]", interaction.data or {})
    resolved = cast("dict[str, dict[str, Any]]", data.get("resolved") or {})
    users, members = resolved.get("users", {}), resolved.get("members", {})
    picked = [str(each) for each in answers(interaction).get("people") or ()]
    return [
        Person(
            int(each),
            frozenset(int(role) for role in members[each].get("roles", ())),
            discord.Permissions(int(members[each].get("permissions") or 0)).manage_guild,
        )
        for each in picked
        if each in members and not users.get(each, {}).get("bot", False)
    ]


def someone_picked(interaction: Interaction) -> Person:
    """Return the one member who was picked. Raises Refusal for a bot, or somebody who isn't here."""
    people = people_picked(interaction)
    if not people:
        raise Refusal(_("I can only ask people who are in this community, and no bots. Think of somebody else."))
    return people[0]


def later_form(call_id: int, choices: dict[Later, datetime]) -> ui.Modal:
    """Draw the question when a member could come, with the times as their clock shows them."""
    modal = ui.Modal(title=_("Later"), custom_id=pressed_name("call", call_id, "come_later"))
    options = [
        discord.RadioGroupOption(
            label=_later_words(when).format(when=_clock_words(at, full=when in (Later.DAYS, Later.WEEK))),
            value=when,
            default=when is Later.TOMORROW,
        )
        for when, at in choices.items()
    ]
    modal.add_item(
        ui.Label(
            text=_("When could you come?"),
            description=_("I ask you then. Until then the call goes on asking others too."),
            component=ui.RadioGroup(custom_id="when", options=options),
        )
    )
    return modal


def _later_words(when: Later) -> str:
    return {
        Later.HOURS: _("in three hours, at {when}"),
        Later.EVENING: _("this evening, at {when}"),
        Later.TOMORROW: _("tomorrow, at {when}"),
        Later.DAYS: _("in three days: {when}"),
        Later.WEEK: _("in a week: {when}"),
    }[when]


def _clock_words(at: datetime, *, full: bool) -> str:
    time = format_time(at, "short", tzinfo=at.tzinfo, locale=region())
    return f"{day_name(at.weekday())}, {time}" if full else time


def someone_form(call_id: int) -> ui.Modal:
    """Draw the question whom a member thinks of."""
    modal = ui.Modal(title=_("I know someone"), custom_id=pressed_name("call", call_id, "ask_someone"))
    modal.add_item(
        ui.Label(
            text=_("Whom do you think of?"),
            description=_("I ask them in the call's thread, and say that you thought of them."),
            component=ui.UserSelect(custom_id="people", placeholder=_("Pick one person")),
        )
    )
    return modal


def say_form(call_id: int) -> ui.Modal:
    """Draw the form for words that Kith says in a nameless call's thread."""
    modal = ui.Modal(title=_("Say something"), custom_id=pressed_name("call", call_id, "say"))
    modal.add_item(
        ui.Label(
            text=_("Your words"),
            description=_("I say them in the thread, as words of the one who asks, without your name."),
            component=ui.TextInput(
                custom_id="words",
                style=discord.TextStyle.paragraph,
                max_length=LONGEST_WORDS,
                placeholder=_("Check that the words themselves don't show who you are."),
            ),
        )
    )
    return modal


def learned_form(call_id: int, before: str = "") -> ui.Modal:
    """Draw the form for one line of what a caller learned."""
    modal = ui.Modal(title=_("One line for others"), custom_id=pressed_name("call", call_id, "learned"))
    modal.add_item(
        ui.Label(
            text=_("What did you learn?"),
            description=_("It goes into the call's thread, for those who come by later."),
            component=ui.TextInput(
                custom_id="words",
                max_length=LONGEST_LEARNING,
                default=before or None,
                placeholder=_("What I take from it is …"),
            ),
        )
    )
    return modal
