"""How the set-up panel, its forms and the preview look."""

from typing import Any

import discord
from discord import ui

from bot.language import _, language_name, languages, speaking
from bot.services.communities import LONGEST_PURPOSE, SetUp
from bot.store.communities import Community
from bot.store.rhythms import Rhythm
from cogs import cards
from cogs.support import Interaction, pressed_name
from cogs.words import day_name, rule_words

SELECTS = {
    "checkins": "checkins_channel_id",
    "circles": "circles_channel_id",
    "calls": "calls_channel_id",
    "hosts": "host_role_id",
    "bell": "bell_role_id",
}
"""The panel's selects, and what each chooses."""

ACCENT = 0x2F8F83


def guild_of(interaction: Interaction) -> discord.Guild | None:
    """Return the server as Discord described it; None while it hasn't, as in the first moments after a start."""
    guild = None if interaction.guild_id is None else interaction.client.get_guild(interaction.guild_id)
    if guild is None or guild.unavailable or interaction.client.user is None:
        return None
    return guild if guild.get_member(interaction.client.user.id) is not None else None


def panel(set_up: SetUp, guild: discord.Guild | None, *, answering_begin: bool = False) -> ui.LayoutView:
    """Draw the panel: where things stand, what was chosen and how to change it."""
    community = set_up.community
    parts: list[ui.Item[Any]] = [
        ui.TextDisplay(_standing_words(set_up, answering_begin=answering_begin)),
        ui.TextDisplay("-# " + _kept_words(community)),
        ui.Separator(),
        _line(_("Language and time zone"), _place_words(community), _("Change"), "ask_place"),
        _line(_("First rhythm"), _rhythm_words(set_up.rhythm), _("Change"), "ask_rhythm"),
        _line(_("Purpose"), _purpose_words(community), _("Write it"), "ask_purpose"),
        ui.Separator(),
        *_channel_parts(community, guild),
        ui.Separator(),
        *_role_parts(community, guild),
        ui.ActionRow(
            cards.lasting_button(
                _("Preview and begin") if community.begun_at is None else _("See the next check-in"),
                "setup",
                None,
                "preview",
                discord.ButtonStyle.primary,
            )
        ),
    ]
    return cards.drawing(ui.Container(*parts, accent_colour=ACCENT))


def _line(name: str, words: str, label: str, verb: str) -> ui.Section[Any]:
    return ui.Section(f"**{name}**\n{words}", accessory=cards.lasting_button(label, "setup", None, verb))


def _standing_words(set_up: SetUp, *, answering_begin: bool) -> str:
    community, rhythm = set_up.community, set_up.rhythm
    if community.begun_at is None:
        if set_up.missing:
            listed = "\n".join(f"- {each}" for each in set_up.missing)
            now = _("Before it can begin:") + "\n" + listed
        else:
            now = _("All that is needed is there. *Preview and begin* shows the first check-in.")
        return "## " + _("Set Kith up") + f"\n{now}"
    if answering_begin and not set_up.begun_now:
        heading = _("It has begun already, so there is nothing left to do")
    else:
        heading = _("Kith has begun here")
    if rhythm is None:
        coming = _("No rhythm is set, so no check-in will come. *Change* sets one.")
    elif rhythm.next_at is None:
        coming = _("The rhythm is waiting for the hosts' word. /rhythm resume lets it go on.")
    else:
        coming = _("The next check-in comes {when}, {from_now}, in {channel}.").format(
            when=cards.stamp(rhythm.next_at),
            from_now=cards.stamp(rhythm.next_at, "R"),
            channel=f"<#{community.checkins_channel_id}>",
        )
    lacking = "".join(f"\n- {each}" for each in set_up.missing if rhythm is not None)
    lacking = "\n" + _("It needs something of you:") + lacking if lacking else ""
    return f"## {heading}\n{coming}{lacking}"


def _kept_words(community: Community) -> str:
    if community.begun_at is None:
        return _("What you choose is kept at once; nothing is posted before *Begin*.")
    return _("What you change here is kept at once.")


def _place_words(community: Community) -> str:
    words = _("{language} · {zone}").format(language=language_name(community.language), zone=community.zone)
    if community.zone == "UTC":
        words += "\n-# " + _("Times follow this zone; name a city near you.")
    return words


def _rhythm_words(rhythm: Rhythm | None) -> str:
    return _("none yet") if rhythm is None else _("A check-in {rule}").format(rule=rule_words(rhythm))


def _purpose_words(community: Community) -> str:
    if not community.purpose:
        return "-# " + _("What shift do you want to create together? One sentence; it can wait.")
    return cards.quoted(community.purpose)


def _channel_parts(community: Community, guild: discord.Guild | None) -> list[ui.Item[Any]]:
    labels = {
        "checkins": (_("Check-ins"), _("where a question comes round")),
        "circles": (_("Circles"), _("where learning circles meet; it can wait")),
        "calls": (_("Calls"), _("where members ask peers for something; it can wait")),
    }
    parts: list[ui.Item[Any]] = []
    unset = False
    for verb, (name, what) in labels.items():
        chosen = getattr(community, SELECTS[verb])
        gone = chosen is not None and guild is not None and guild.get_channel(chosen) is None
        unset = unset or chosen is None or gone
        picked = [discord.SelectDefaultValue.from_channel(discord.Object(chosen))] if chosen and not gone else []
        words = _("The channel chosen before is gone. Choose another.") if gone else what
        select: ui.ChannelSelect[Any] = ui.ChannelSelect(
            custom_id=pressed_name("setup", None, verb),
            channel_types=[discord.ChannelType.text],
            placeholder=_("Choose a channel"),
            min_values=1 if verb == "checkins" else 0,
            default_values=picked,
        )
        parts += [ui.TextDisplay(f"**{name}** · {words}"), ui.ActionRow(select)]
    if unset:
        parts.append(ui.ActionRow(cards.lasting_button(_("Make them for me"), "setup", None, "make")))
    return parts


def _role_parts(community: Community, guild: discord.Guild | None) -> list[ui.Item[Any]]:
    labels = {
        "hosts": (
            _("Hosts"),
            _("who may change rhythms, reads what is shared with hosts, and is asked what would serve"),
        ),
        "bell": (_("Bell"), _("who hears a sound when a check-in opens; nobody, unless you choose")),
    }
    parts: list[ui.Item[Any]] = []
    for verb, (name, what) in labels.items():
        chosen = getattr(community, SELECTS[verb])
        gone = chosen is not None and guild is not None and guild.get_role(chosen) is None
        picked = [discord.SelectDefaultValue.from_role(discord.Object(chosen))] if chosen and not gone else []
        words = _("The role chosen before is gone. Choose another, or leave it.") if gone else what
        select: ui.RoleSelect[Any] = ui.RoleSelect(
            custom_id=pressed_name("setup", None, verb),
            placeholder=_("Choose a role; it can wait"),
            min_values=0,
            default_values=picked,
        )
        parts += [ui.TextDisplay(f"**{name}** · {words}"), ui.ActionRow(select)]
    return parts


def preview(set_up: SetUp) -> ui.LayoutView:
    """Draw the coming check-in as people will see it, its buttons at rest, and *Begin* beneath."""
    community, card = set_up.community, set_up.card
    assert card is not None
    with speaking(community.language):
        drawn = cards.round_card(card, None)
    for part in drawn.walk_children():
        if isinstance(part, ui.Button):
            part.disabled = True
    channel = f"<#{community.checkins_channel_id}>" if community.checkins_channel_id else _("the channel for check-ins")
    introduction = _("This is what people will see in {channel} on {when}. Its buttons come alive there.").format(
        channel=channel, when=cards.stamp(card.round.opens_at)
    )
    back = cards.lasting_button(_("Back"), "setup", None, "show")
    begin = cards.lasting_button(_("Begin"), "setup", None, "begin", discord.ButtonStyle.success)
    parts: list[ui.Item[Any]] = [ui.TextDisplay(introduction), *drawn.children]
    if community.begun_at is None and set_up.missing:
        parts.append(
            ui.TextDisplay("-# " + _("Before it can begin: {missing}.").format(missing="; ".join(set_up.missing)))
        )
    parts.append(ui.ActionRow(begin, back) if community.begun_at is None else ui.ActionRow(back))
    return cards.drawing(*parts)


def place_form(community: Community) -> ui.Modal:
    """Draw the form for language and time zone."""
    form = ui.Modal(title=_("Language and time zone"), custom_id=pressed_name("setup", None, "place"))
    options = [
        discord.SelectOption(label=language_name(code), value=code, default=code == community.language)
        for code in languages()
    ]
    form.add_item(
        ui.Label(
            text=_("Language"),
            description=_("What Kith posts is in this language; questions are in English only so far."),
            component=ui.Select(custom_id="language", options=options),
        )
    )
    form.add_item(
        ui.Label(
            text=_("Time zone"),
            description=_("A large city in your zone will do, such as Berlin."),
            component=ui.TextInput(custom_id="zone", max_length=64, default=community.zone),
        )
    )
    return form


def purpose_form(community: Community) -> ui.Modal:
    """Draw the form for the purpose."""
    form = ui.Modal(title=_("Purpose"), custom_id=pressed_name("setup", None, "purpose"))
    form.add_item(
        ui.Label(
            text=_("What shift do you want to create together?"),
            description=_("One sentence. It can be said anew each season."),
            component=ui.TextInput(
                custom_id="purpose",
                style=discord.TextStyle.paragraph,
                required=False,
                max_length=LONGEST_PURPOSE,
                default=community.purpose or None,
            ),
        )
    )
    return form


def rhythm_form(rhythm: Rhythm | None) -> ui.Modal:
    """Draw the form for the first rhythm."""
    form = ui.Modal(title=_("First rhythm"), custom_id=pressed_name("setup", None, "rhythm"))
    weekday = rhythm.weekday if rhythm else 0
    days = [discord.SelectOption(label=day_name(each), value=str(each), default=each == weekday) for each in range(7)]
    form.add_item(
        ui.Label(
            text=_("On which day"),
            description=_("Every week; /rhythm move makes it less often."),
            component=ui.Select(custom_id="weekday", options=days),
        )
    )
    form.add_item(
        ui.Label(
            text=_("At what time"),
            description=_("In your community's time zone, such as 09:00."),
            component=ui.TextInput(custom_id="at", max_length=10, default=f"{rhythm.at:%H:%M}" if rhythm else "09:00"),
        )
    )
    return form
