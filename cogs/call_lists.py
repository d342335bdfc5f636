"""The private panels of calls: the preview before one is sent, the lists, and how calls fare."""

from datetime import timedelta
from typing import Any

import discord
from babel.dates import format_timedelta
from discord import ui

from bot.language import _, ngettext, speaking
from bot.services.call_cards import CallCard
from bot.services.calls import Measures, Preview, Waiting
from bot.store.calls import Audience, Call, CallState
from cogs.call_cards import call_card, callers_buttons
from cogs.cards import drawing, lasting_button, message_link, quoted, stamp
from cogs.hands import shortened
from cogs.words import region

ON_A_PAGE = 10
OWN_ON_A_PAGE = 5
"""Each has a row of buttons; a message holds forty parts."""
FIRST_LINE = 90


def preview_panel(preview: Preview, *, unheeded: bool = False) -> ui.LayoutView:
    """Draw a call as others will see it, its buttons at rest, and what happens once it is sent.

    ``unheeded``: people were picked, but the call is not for people one names.
    """
    call, community = preview.call, preview.community
    as_sent: dict[str, Any] = {**call.model_dump(), "state": CallState.OPEN}
    with speaking(community.language):
        card = call_card(CallCard(community, Call(**as_sent), named=preview.named), None)
    for part in card.walk_children():
        if isinstance(part, ui.Button):
            part.disabled = True
    words = _then_words(preview)
    if unheeded:
        words += "\n" + _("You also picked people. They count only if you choose *people I name*.")
    if preview.missing:
        words = preview.missing
    buttons = [
        lasting_button(_("Change it"), "call", call.id, "change"),
        lasting_button(_("Throw it away"), "call", call.id, "discard"),
    ]
    if not preview.missing:
        buttons.insert(0, lasting_button(_("Send"), "call", call.id, "send", discord.ButtonStyle.primary))
    introduction = _("This is how others will see it. Nothing is sent yet.")
    return drawing(
        ui.TextDisplay(introduction, id=preview.edition), *card.children, ui.TextDisplay(words), ui.ActionRow(*buttons)
    )


def edition_seen(message: discord.Message | None) -> int | None:
    """Return which edition of a call a preview showed."""
    parts = message.components if message is not None else []
    return next((part.id for part in parts if isinstance(part, discord.TextDisplay)), None)


def _then_words(preview: Preview) -> str:
    """Return who will see a call, and what happens first."""
    channel = f"<#{preview.community.calls_channel_id}>"
    if preview.call.audience is Audience.NAMED:
        names = ", ".join(f"<@{each}>" for each in preview.named)
        only = _(
            "Only you and {names} will see it, in a private thread. I ask them there. Those who are away, or were "
            "asked often lately, find it there without being asked."
        ).format(names=names)
        return only + _threads_words()
    if preview.call.audience is Audience.HOSTS:
        only = _(
            "Only you and the hosts will see it, in a private thread. In {channel} I tell them that a call waits, "
            "without its words or your name."
        ).format(channel=channel)
        return only + _threads_words()
    first = _(
        "Everyone in {channel} will see it, and up to three people whose offers fit are asked by name. If nobody "
        "comes, I ask others in turn until you say that it is answered."
    ).format(channel=channel)
    if preview.call.nameless:
        return (
            first
            + "\n"
            + _(
                "Your name is not shown. Please check that the words themselves don't tell who you are. I forget that "
                "it was you when the call ends, so I won't ask later whether it helped."
            )
        )
    return first


def _threads_words() -> str:
    """Return who else could look into a private thread, which Discord leaves open to them."""
    return "\n-# " + _("Discord lets those who may manage this server's threads open any of them.")


def sent_words(call: Call, *, again: bool) -> str:
    """Return what a caller reads once their call is sent."""
    channel = f"<#{call.channel_id}>"
    if again:
        return _("It was sent before, once. *My calls* shows where it is and how it stands.")
    if call.audience is Audience.NAMED:
        words = _("It is on its way to a private thread in {channel}, and you and those you named are let in.")
    elif call.audience is Audience.HOSTS:
        words = _("It is on its way to a private thread in {channel}, and the hosts are told that it waits there.")
    elif call.nameless:
        words = _(
            "It is on its way to {channel}, without your name. *My calls* is where you say privately how it stands, "
            "or have me say something in its thread."
        )
    else:
        words = _("It is on its way to {channel}. It stays open until you say that it is answered.")
    return words.format(channel=channel)


def sent_panel(words: str) -> ui.LayoutView:
    """Draw an answer that leads on to a member's own calls."""
    return drawing(ui.TextDisplay(words), ui.ActionRow(lasting_button(_("My calls"), "call", 0, "mine")))


def waiting_panel(found: list[Waiting], skip: int, member_id: int, *, host: bool) -> ui.LayoutView:
    """Draw the open calls a member may see after the first ``skip``, oldest first. One more tells of a next page."""
    shown, more = found[:ON_A_PAGE], len(found) > ON_A_PAGE
    if shown:
        text = "\n".join(_line(each, member_id) for each in shown)
    elif skip:
        text = _("Nothing more waits here. *Older* goes back.")
    else:
        text = _("Nothing waits at the moment. When something is alive for you, /call is there.")
    buttons = _pages(skip, ON_A_PAGE, "waiting", more=more)
    buttons.append(lasting_button(_("My calls"), "call", 0, "mine"))
    if host:
        buttons.append(lasting_button(_("How calls fare"), "call", 0, "measures"))
    heading = "### " + _("What still waits") + "\n-# " + _("The longest waiting first. Only you can see this.")
    return drawing(ui.Container(ui.TextDisplay(heading), ui.TextDisplay(text), ui.ActionRow(*buttons)))


def own_panel(found: list[Waiting], skip: int, member_id: int) -> ui.LayoutView:
    """Draw a member's own open calls, each with what only its caller can say."""
    shown, more = found[:OWN_ON_A_PAGE], len(found) > OWN_ON_A_PAGE
    parts: list[ui.Item[Any]] = [
        ui.TextDisplay("### " + _("My calls") + "\n-# " + _("Those that are open. Only you can see this."))
    ]
    for each in shown:
        call = each.call
        verbs = ["answered", "still_open", "withdraw", *(["relay"] if call.nameless else [])]
        parts += [ui.TextDisplay(_line(each, member_id)), callers_buttons(call, *verbs)]
    if not shown:
        parts.append(ui.TextDisplay(_("No call of yours is open. /call opens the form.")))
    pages = _pages(skip, OWN_ON_A_PAGE, "mine", more=more)
    parts.append(ui.ActionRow(*pages, lasting_button(_("What still waits"), "call", 0, "waiting")))
    return drawing(ui.Container(*parts))


def _pages(skip: int, size: int, verb: str, *, more: bool) -> list[ui.Button[Any]]:
    buttons: list[ui.Button[Any]] = []
    if skip:
        buttons.append(lasting_button(_("Older"), "call", max(0, skip - size), verb))
    if more:
        buttons.append(lasting_button(_("Newer"), "call", skip + size, verb))
    return buttons


def _line(waiting: Waiting, member_id: int) -> str:
    """Return a call in two lines: its first words, and since when it waits, where, and who is with it."""
    call = waiting.call
    assert call.opened_at is not None
    facts = [stamp(call.opened_at, "R")]
    if waiting.with_it:
        facts.append(ngettext("{count} person is with it", "{count} people are with it", waiting.with_it))
        facts[-1] = facts[-1].format(count=waiting.with_it)
    elif call.accompanied:
        facts.append(_("someone is with it"))
    else:
        facts.append(_("nobody is with it yet"))
    if call.audience is Audience.HOSTS:
        facts.append(_("for hosts"))
    elif call.audience is Audience.NAMED:
        facts.append(_("for people who are named"))
    if link := call_link(call, member_id):
        facts.append(link)
    first = shortened(call.words.split("\n", 1)[0], FIRST_LINE)
    return f"{quoted(first)}\n-# " + " · ".join(facts)


def call_link(call: Call, member_id: int) -> str:
    """Return where a member finds a call: its card, or for a host the door to it; empty while it is on its way."""
    if call.audience is Audience.HOSTS and call.caller_id != member_id:
        return "" if call.door_id is None else message_link(call.community_id, call.channel_id, call.door_id)
    if call.message_id is None:
        return ""
    return message_link(call.community_id, call.thread_id if call.private else call.channel_id, call.message_id)


def measures_panel(measures: Measures) -> ui.LayoutView:
    """Draw how calls fare in the community, in plain words."""
    hidden = _("too few to show")
    oldest = stamp(measures.oldest, "R") if measures.oldest else _("none")
    first = hidden if measures.first_answer is None else _span(measures.first_answer)
    answered = hidden if measures.answered is None else f"{measures.answered:.0%}"
    responders = hidden if measures.responders is None else str(measures.responders)
    lines = [
        "### " + _("How calls fare"),
        _("**Open now:** {count}, the longest waiting since: {oldest}").format(count=measures.open, oldest=oldest),
        "**" + _("In the last 90 days") + "**",
        "- " + _("calls: {count}").format(count=measures.called),
        "- " + _("typical time until somebody answered: {time}").format(time=first),
        "- " + _("answered so far: {share}").format(share=answered),
        "- " + _("people who were with a caller: {count}").format(count=responders),
        "-# "
        + _(
            "Calls to people who were named don't count here. A time, a share or a number of people stays hidden while "
            "fewer than five stand behind it, so that it points at nobody."
        ),
    ]
    back = lasting_button(_("What still waits"), "call", 0, "waiting")
    return drawing(ui.Container(ui.TextDisplay("\n".join(lines)), ui.ActionRow(back)))


def _span(time: timedelta) -> str:
    return format_timedelta(time, threshold=1.5, locale=region())


def withdraw_panel(call: Call) -> ui.LayoutView:
    """Draw the question before a call is withdrawn."""
    words = _("Withdraw it? Its words are erased. Those who were with you are told that it is no longer asked.")
    button = lasting_button(_("Yes, withdraw it"), "call", call.id, "really_withdraw", discord.ButtonStyle.danger)
    return drawing(ui.TextDisplay(words), ui.ActionRow(button))


def helped_panel(call: Call) -> ui.LayoutView:
    """Draw the thanks for saying that a call helped, with room for one line of what was learned."""
    words = _(
        "I am glad; those who came are told. If you learned something that could serve others, you can leave one "
        "line of it in the thread."
    )
    return drawing(ui.TextDisplay(words), ui.ActionRow(lasting_button(_("Add a line"), "call", call.id, "add_line")))
