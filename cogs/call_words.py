"""What is said about a call in its thread, and to the hosts, in the community's language.

``mentioned`` tells whom each of these speaks to; everyone else in it is named without being notified.
"""

from collections.abc import Callable
from typing import Any

from discord import ui

from bot.language import _
from bot.services.call_cards import CallWord
from bot.services.ladder import CALLER, HOSTS, KEEPER
from bot.store.calls import Audience, Response
from cogs.call_cards import ACCENT, begun, callers_buttons, card_link, late_words, name_of, names_of, to_hosts
from cogs.cards import drawing, lasting_button, plain, quoted

Parts = list[ui.Item[Any]]

TO_THE_CALLER = ("with", "reply", "still", "done", "stands", "helped")
TO_THE_MEMBER = ("lease", "later", "asked")
TO_THE_RESPONDERS = ("thanks", "yes", "learned", "withdrawn")


def mentioned(word: CallWord) -> list[int]:
    """Return whom a message speaks to; the caller of a nameless call is never among them."""
    caller = [] if word.call.nameless or word.call.caller_id is None else [word.call.caller_id]
    if word.what == "rung":
        asked = [each.member_id for each in word.asked if each.member_id is not None]
        if word.number == KEEPER:
            return [*asked, *caller]
        return caller if word.number >= CALLER else asked
    if word.what in TO_THE_CALLER:
        return caller
    if word.what in TO_THE_MEMBER:
        return [] if word.response is None or word.response.member_id is None else [word.response.member_id]
    return word.responders if word.what in TO_THE_RESPONDERS else []


def rung(said: CallWord, marker: int | None) -> ui.LayoutView:
    """Draw a rung of the ladder: whom it asks, and for what."""
    if said.number == HOSTS:
        return _hosts_rung(said, marker)
    if said.number >= CALLER:
        parts = _caller_rung(said)
    elif said.number == KEEPER:
        parts = _keeper_rung(said)
    else:
        parts = _peers_rung(said)
    return _framed(said, parts, marker)


def word(said: CallWord, marker: int | None) -> ui.LayoutView:
    """Draw anything else that is said in a call's thread."""
    return _framed(said, DRAWN[said.what](said), marker)


def _text(words: str, small: str = "") -> ui.TextDisplay[Any]:
    """Return a sentence, and one in small print beneath it."""
    return ui.TextDisplay(begun(words) + (f"\n-# {small}" if small else ""))


def _framed(said: CallWord, parts: Parts, marker: int | None) -> ui.LayoutView:
    if said.late_since is not None:
        parts.append(ui.TextDisplay(late_words(said.late_since)))
    return drawing(ui.Container(*parts, accent_colour=ACCENT, id=marker))


def _peers_rung(said: CallWord) -> Parts:
    if not said.asked:
        asks = _("Someone was asked here.")
    elif said.call.audience is Audience.NAMED:
        names = names_of([each.member_id for each in said.asked if each.member_id is not None])
        asks = _("{names}, {caller} asks you by name.").format(names=names, caller=name_of(said.call.caller_id))
    else:
        asks = _("Could one of you be with this call?") if len(said.asked) > 1 else _("Could you be with this call?")
        asks += "".join("\n- " + begun(_why_words(each)) for each in said.asked)
    return [_text(asks, _full_answer(said))]


def _full_answer(said: CallWord) -> str:
    return _("*Not me* is a full answer. The buttons are on the card: {link}").format(link=card_link(said.call))


def _why_words(asked: Response) -> str:
    name = name_of(asked.member_id)
    if asked.why:
        return _("{name} offers *{offer}*").format(name=name, offer=plain(asked.why))
    return _("{name} offers other things, and may know someone").format(name=name)


def _keeper_rung(said: CallWord) -> Parts:
    keeps = _("Its keeper was asked here.")
    if said.asked:
        keeps = _(
            "{keeper}, you keep calls this week, and this one has not met a person yet. It is not for you to solve, "
            "only to see that it does: {link}"
        ).format(keeper=name_of(said.asked[0].member_id), link=card_link(said.call))
    stays = _("{caller}, we are still with you.").format(caller=_asker(said))
    return [_text(keeps), _text(stays)]


def _hosts_rung(said: CallWord, marker: int | None) -> ui.LayoutView:
    button = None
    if said.call.audience is Audience.HOSTS:
        words = _("A call to the hosts has not met a person yet. Could one of you open it?")
        button = lasting_button(_("Open it"), "call", said.call.id, "enter")
    else:
        words = _(
            "A call has not met a person yet. Could one of you be with it, or think of someone who could? {link}"
        ).format(link=card_link(said.call))
    if said.late_since is not None:
        words += "\n" + late_words(said.late_since)
    return to_hosts(said.community, words, marker, button)


def _caller_rung(said: CallWord) -> Parts:
    waits = _("{caller}, your call still stands, and it stays open until you say otherwise.").format(
        caller=_asker(said)
    )
    if said.call.audience is Audience.NAMED:
        can_do = _("You can write here what has changed, or ask others in a new call.")
    elif said.call.nameless:
        can_do = _("*Say something* on the card tells others what has changed. I go on asking, too.")
    else:
        can_do = _("You can write here what has changed, or ask for something smaller. I go on asking, too.")
    return [_text(f"{waits}\n{can_do}"), callers_buttons(said.call, "answered", "still_open", "withdraw")]


def _with(said: CallWord) -> Parts:
    responder = _responder(said)
    if said.call.nameless:
        comes = _("{responder} is with the one who asks, who can answer with *Say something* on the card.")
    else:
        comes = _("{caller}, {responder} is with you. This thread is yours to talk in.")
    parts: Parts = [_text(comes.format(caller=_asker(said), responder=responder))]
    if said.member is not None and said.member.about:
        about = _("{responder} about themselves:").format(responder=responder)
        parts.append(ui.TextDisplay(f"-# {about}\n{quoted(said.member.about)}"))
    return parts


def _lease(said: CallWord) -> Parts:
    asks = _("{responder}, two days ago you said that you are with this call. How is it going?").format(
        responder=_responder(said)
    )
    goes_on = _("Handing it back is fine, and so is silence: a day from now it would go on to others.")
    response_id = None if said.response is None else said.response.id
    buttons = ui.ActionRow(
        lasting_button(_("Done"), "response", response_id, "done"),
        lasting_button(_("Need time"), "response", response_id, "need_time"),
        lasting_button(_("Hand back"), "response", response_id, "hand_back"),
    )
    return [_text(asks, goes_on), buttons]


def _later(said: CallWord) -> Parts:
    words = _(
        "{responder}, you thought that you could be here around now. If so, *I'm with you* is on the card; if not, "
        "*Not me* is a full answer: {link}"
    )
    return [_text(words.format(responder=_responder(said), link=card_link(said.call)))]


def _asked(said: CallWord) -> Parts:
    thinker = None if said.response is None else said.response.thought_of_by
    thinks = _("{asked}, {thinker} thought of you for this call.").format(
        asked=_responder(said), thinker=name_of(thinker)
    )
    return [_text(thinks, _full_answer(said))]


def _reply(said: CallWord) -> Parts:
    asks = _("{caller}, is someone with you?").format(caller=_asker(said))
    rests = _("With *Yes*, I leave off asking others.")
    buttons = ui.ActionRow(
        lasting_button(_("Yes"), "call", said.call.id, "yes"),
        lasting_button(_("Not yet"), "call", said.call.id, "not_yet"),
    )
    return [_text(asks, rests), buttons]


def _still(said: CallWord) -> Parts:
    words = _("{caller}, still with you: nobody has come yet, so the hosts are asked now.").format(caller=_asker(said))
    return [_text(words)]


def _done(said: CallWord) -> Parts:
    asks = _("{caller}, {responder} has done what they came for. Is your call answered?").format(
        caller=_asker(said), responder=_responder(said)
    )
    return [_text(asks), callers_buttons(said.call, "answered", "still_open")]


def _stands(said: CallWord) -> Parts:
    asks = _("{caller}, how does your call stand?").format(caller=_asker(said))
    rests = _("While someone is with you, there is nothing to do. *Still open* lets me ask others again.")
    return [_text(asks, rests), callers_buttons(said.call, "answered", "still_open", "withdraw")]


def _thanks(said: CallWord) -> Parts:
    if not said.responders:
        return [ui.TextDisplay(_("This call is answered. Thank you to everyone who was there for it."))]
    words = _("This call is answered. Thank you, {names}, for coming when you were called.")
    return [ui.TextDisplay(words.format(names=names_of(said.responders)))]


def _helped(said: CallWord) -> Parts:
    asks = _("{caller}, a week has passed. Did it help?").format(caller=_asker(said))
    buttons = ui.ActionRow(
        lasting_button(_("Yes, it did"), "call", said.call.id, "helped"),
        lasting_button(_("Not really"), "call", said.call.id, "not_really"),
    )
    return [_text(asks, _("*Not really* opens the call again.")), buttons]


def _yes(said: CallWord) -> Parts:
    helped = _("{caller} says that it helped.").format(caller=_caller(said))
    thanks = _("Thank you, {names}.").format(names=names_of(said.responders)) if said.responders else _("Thank you.")
    return [_text(f"{helped} {thanks}")]


def _learned(said: CallWord) -> Parts:
    if not said.call.learning:
        return [ui.TextDisplay("-# " + _("What was written here was taken back."))]
    learned = _("What {caller} takes from it:").format(caller=_caller(said))
    return [ui.TextDisplay(f"{learned}\n{quoted(said.call.learning)}")]


def _relay(said: CallWord) -> Parts:
    from_them = "**" + _("From the one who asks") + "**\n"
    if said.relay is None or not said.relay.words:
        return [ui.TextDisplay(from_them + "-# " + _("What was written here was taken back."))]
    return [ui.TextDisplay(from_them + quoted(said.relay.words))]


def _withdrawn(said: CallWord) -> Parts:
    ended = _("This call was withdrawn, so there is nothing more to do.")
    thanks = _("Thank you, {names}, for being there.").format(names=names_of(said.responders))
    return [ui.TextDisplay(f"{ended} {thanks}" if said.responders else ended)]


def _asker(said: CallWord) -> str:
    """Return how the caller is spoken to; of a nameless call nobody learns who that is."""
    return _("you who asked") if said.call.nameless else _caller(said)


def _caller(said: CallWord) -> str:
    return name_of(None if said.call.nameless else said.call.caller_id)


def _responder(said: CallWord) -> str:
    return name_of(None if said.response is None else said.response.member_id)


DRAWN: dict[str, Callable[[CallWord], Parts]] = {
    "with": _with,
    "lease": _lease,
    "later": _later,
    "asked": _asked,
    "reply": _reply,
    "still": _still,
    "done": _done,
    "stands": _stands,
    "thanks": _thanks,
    "helped": _helped,
    "yes": _yes,
    "learned": _learned,
    "relay": _relay,
    "withdrawn": _withdrawn,
}
