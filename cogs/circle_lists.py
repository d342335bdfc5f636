"""The private panels of circles: those to come, one of them, what a role asks, and questions asked first."""

from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.circle_deck import our_circle_decks
from bot.formats import Role
from bot.language import _, ngettext, speaking, spoken
from bot.services.circle_harvests import Gathered
from bot.services.circle_views import CircleView
from bot.store.circles import Circle, CircleState
from bot.store.rhythms import Rhythm, Way
from cogs.cards import drawing, lasting_button, message_link, plain, stamp
from cogs.circle_cards import circle_card, circle_link, role_word, unhosted_words
from cogs.circle_forms import VERBS
from cogs.summary_cards import summary_link

ON_A_PAGE = 5
"""Each has a button, and two more for those who may move it; a message holds forty parts."""


def circles_panel(
    found: list[CircleView], skip: int, member_id: int, *, host: bool, gathered: Sequence[Gathered] = ()
) -> ui.LayoutView:
    """Draw the circles to come after the first ``skip``, soonest first; for those who may, with what changes one.

    ``gathered`` is what circles that are over have left.
    """
    parts: list[ui.Item[Any]] = [
        ui.TextDisplay("### " + _("Circles to come") + "\n-# " + _("The soonest first. Only you can see this."))
    ]
    for each in found[skip : skip + ON_A_PAGE]:
        look = lasting_button(_("Look"), "circle", each.circle.id, "show")
        parts.append(ui.Section(_line(each), accessory=look))
        if may_change(each, member_id, host=host):
            parts.append(_changing_row(each.circle))
    if len(parts) == 1:
        words = _("No circle is to come. You can propose one, and hosts can let them come round with /rhythm add.")
        parts.append(ui.TextDisplay(_("Nothing more comes after these.") if skip else words))
    if gathered:
        parts += [ui.Separator(), ui.TextDisplay(_gathered_words(gathered))]
    buttons = [lasting_button(_("Propose one"), "circle", 0, "propose", discord.ButtonStyle.primary)]
    if skip:
        buttons.append(lasting_button(_("Sooner ones"), "circle", max(0, skip - ON_A_PAGE), "list"))
    if len(found) > skip + ON_A_PAGE:
        buttons.append(lasting_button(_("Later ones"), "circle", skip + ON_A_PAGE, "list"))
    return drawing(ui.Container(*parts, ui.ActionRow(*buttons)))


def _gathered_words(gathered: Sequence[Gathered]) -> str:
    """Return what circles that are over have left, a line each."""
    lines = ["**" + _("Harvests") + "**"]
    for each in gathered:
        circle, facts = each.circle, [f"{plain(each.circle.title)}, {stamp(each.at, 'D')}"]
        if each.harvest is not None:
            link = message_link(circle.community_id, circle.message_id, each.harvest.message_id)
            facts.append(_("harvest: {link}").format(link=link))
        if each.summary is not None:
            facts.append(_("summary: {link}").format(link=summary_link(each.summary)))
        if each.summary is not None and each.summary.outdated:
            facts.append(_("outdated"))
        lines.append("- " + " · ".join(facts))
    return "\n".join(lines)


def _changing_row(circle: Circle) -> ui.ActionRow[Any]:
    return ui.ActionRow(
        lasting_button(_("Move"), "circle", circle.id, "move"),
        lasting_button(_("Cancel"), "circle", circle.id, "cancel"),
    )


def may_change(view: CircleView, member_id: int, *, host: bool) -> bool:
    """Tell whether *Move* and *Cancel* are shown to someone; the service checks once more."""
    held = view.roles.get(Role.HOST)
    own = member_id in {view.circle.proposer_id, held.member_id if held else None}
    return view.circle.state is CircleState.PLANNED and (host or own)


def _line(view: CircleView) -> str:
    """Return a circle in three lines: what about, when and how, and who is there."""
    circle = view.circle
    when = f"{stamp(circle.starts_at)} ({stamp(circle.starts_at, 'R')})"
    if circle.state is CircleState.RUNNING:
        when = _("It is going on now.")
    coming = ngettext("{count} comes", "{count} come", len(view.coming)).format(count=len(view.coming))
    facts = [free_words(view), coming]
    if circle.message_id is not None:
        facts.append(circle_link(circle))
    return f"**{plain(circle.title)}**\n{when}\n{view.format.title} · {way_words(circle)}\n-# " + " · ".join(facts)


def way_words(of: Circle | Rhythm) -> str:
    """Return how a circle, or those of a rhythm, meet."""
    if of.way is Way.WRITTEN:
        return _("in writing")
    if of.place_id is not None:
        return _("live in {place}").format(place=f"<#{of.place_id}>")
    return _("live at {place}").format(place=plain(of.link)) if of.link else _("live")


def free_words(view: CircleView) -> str:
    """Return which roles of a circle are free."""
    free = [role_word(role) for role in view.format.roles if role not in view.roles]
    return _("free: {roles}").format(roles=", ".join(free)) if free else _("every role is taken")


def one_panel(view: CircleView, member_id: int, *, host: bool) -> ui.LayoutView:
    """Draw one circle as its card shows it, with what changes it for those who may."""
    parts = list(_card(view).children)
    if may_change(view, member_id, host=host):
        parts.append(_changing_row(view.circle))
    parts.append(ui.ActionRow(lasting_button(_("Circles to come"), "circle", 0, "list")))
    return drawing(*parts)


def _card(view: CircleView) -> ui.LayoutView:
    with speaking(view.community.language):
        return circle_card(view, None)


def proposed_panel(view: CircleView, role: Role | None) -> ui.LayoutView:
    """Draw a circle that was just proposed as others see it, its buttons at rest, and what happens next."""
    card = _card(view)
    for part in card.walk_children():
        if isinstance(part, ui.Button) and part.custom_id:
            part.disabled = True
    circle = view.circle
    words = [
        _("It is on its way to {channel}, as you see it here.").format(
            channel=f"<#{view.community.circles_channel_id}>"
        )
    ]
    if role is Role.HOST:
        words.append(_("You host it, and what that asks of you follows."))
    elif role is Role.CO_HOST:
        words.append(
            _("The first time one stands beside a host, so you are its co-host, and others are invited to host it.")
        )
        words.append(unhosted_words())
    if circle.way is Way.LIVE:
        words.append(_("It also stands among this server's events."))
    words.append(_("/circle has *Move* and *Cancel* for it."))
    return drawing(ui.TextDisplay(" ".join(words)), *card.children)


def role_panel(circle: Circle, role: Role, opening: str) -> ui.LayoutView:
    """Draw what a role asks of the one who holds it, with ways to give it on."""
    brief = our_circle_decks().brief(spoken(), role)
    asks = "\n".join(f"- {each}" for each in brief.asks(live=circle.way is Way.LIVE))
    buttons = [
        lasting_button(_("Give it back"), "circle", circle.id, f"free_{VERBS[role]}"),
        lasting_button(_("Offer it to someone"), "circle", circle.id, f"offer_{VERBS[role]}"),
    ]
    return drawing(ui.TextDisplay(opening), ui.TextDisplay(f"{brief.what}\n{asks}"), ui.ActionRow(*buttons))


def cancel_panel(view: CircleView) -> ui.LayoutView:
    """Draw the question before a circle is cancelled."""
    circle = view.circle
    words = _("Cancel *{title}*, {when}? Those who come are told in its thread.").format(
        title=plain(circle.title), when=stamp(circle.starts_at)
    )
    if circle.rhythm_id is not None:
        words += " " + _("Only this one: its rhythm goes on.")
    button = lasting_button(_("Yes, cancel it"), "circle", circle.id, "really_cancel", discord.ButtonStyle.danger)
    back = lasting_button(_("Leave it"), "circle", 0, "list")
    return drawing(ui.TextDisplay(words), ui.ActionRow(button, back))


def close_panel(circle_id: int) -> ui.LayoutView:
    """Draw the question before a circle is closed."""
    words = _("Close the circle for everyone? Then its harvest is gathered.")
    button = lasting_button(_("Yes, close it"), "circle", circle_id, "really_close", discord.ButtonStyle.primary)
    return drawing(ui.TextDisplay(words), ui.ActionRow(button))
