"""How a keeper's turn looks, and the answers to the buttons on it."""

from typing import Any

import discord
from discord import ui

from bot.language import _
from bot.services.keepers import KeeperCard
from bot.store.keepers import KeeperTurn
from cogs.cards import ACCENTS, drawing, lasting_button, stamp


def keeper_card(card: KeeperCard, marker: int) -> ui.LayoutView:
    """Draw a turn: who keeps calls and until when, what that is, and what one can do."""
    turn = card.turn
    heading = "-# " + _("Keeper of calls") + "\n"
    if card.over:
        return drawing(ui.Container(ui.TextDisplay(heading + _over_words(turn)), id=marker))
    buttons = [
        lasting_button(_("I'll take this week"), "keeper", turn.id, "take", discord.ButtonStyle.primary),
        lasting_button(_("Count me in"), "keeper", turn.id, "count_in"),
        lasting_button(_("Count me out"), "keeper", turn.id, "count_out"),
    ]
    if turn.keeper_id is not None:
        buttons.insert(0, lasting_button(_("Hand on"), "keeper", turn.keeper_id, "hand_on"))
    parts: list[ui.Item[Any]] = [ui.TextDisplay(heading + _keeping_words(turn)), ui.ActionRow(*buttons)]
    return drawing(ui.Container(*parts, accent_colour=ACCENTS["sustainability"], id=marker))


def _keeping_words(turn: KeeperTurn) -> str:
    what = _("A keeper need not solve anything, only see that each call meets a person.")
    until = stamp(turn.ends_at, "f")
    if turn.keeper_id is None:
        keeping = _("Nobody is in line for this turn, so the hosts keep calls until {until}.").format(until=until)
        asking = _("Would you like to take turns? *Count me in* puts you in line.")
        return f"### {keeping}\n{what} {asking}"
    keeping = _("{name} keeps calls until {until}").format(name=f"<@{turn.keeper_id}>", until=until)
    return f"### {keeping}\n{what}"


def _over_words(turn: KeeperTurn) -> str:
    if turn.keeper_id is None:
        return _("This turn is over.")
    return _("This turn is over. Thank you for keeping, {name}.").format(name=f"<@{turn.keeper_id}>")


def handed_on_words(turn: KeeperTurn) -> str:
    """Return what someone reads who has handed a turn on."""
    if turn.keeper_id is None:
        until = stamp(turn.ends_at, "f")
        return _("Nobody else is in line, so the hosts keep calls until {until}.").format(until=until)
    words = _("{name} keeps calls from now on and hears of it. Whoever hands on is next in line another time.")
    return words.format(name=f"<@{turn.keeper_id}>")


def taken_words(turn: KeeperTurn) -> str:
    """Return what someone reads who has taken a turn."""
    words = _("Thank you. You keep calls until {until}: not to solve anything, only to see that each meets a person.")
    return words.format(until=stamp(turn.ends_at, "f"))


def volunteer_words(*, keeps: bool, keeping: bool) -> str:
    """Return what someone reads who was counted in or out; ``keeping``: the turn there is now is theirs."""
    if keeps:
        return _("Thank you. You are in line to keep calls, and I name you here when it is your turn.")
    if keeping:
        return _("You are counted out from the next turn on. This one stays yours until you press *Hand on*.")
    return _("You are counted out. Thank you for every turn; *Count me in* is always there.")
