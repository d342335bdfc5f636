"""How the panel of /setup summaries looks: what may be read, what leaves the server, who may ask, what it costs."""

import re
from typing import Any

import discord
from babel.numbers import format_decimal
from discord import ui

from bot.language import _
from bot.model import Failure, Model
from bot.services.communities import BUDGETS
from bot.services.model_uses import Spending
from bot.store.communities import Community, Summarising
from bot.store.summaries import Unmodelled
from bot.summary_try import Tried
from bot.thread import Reading
from cogs.cards import drawing, lasting_button, plain
from cogs.setup_panel import ACCENT
from cogs.summary_cards import summary_card
from cogs.support import pressed_name
from cogs.words import number_words, region

THEIR_OWN = "api.openai.com"
"""Where a model is asked when no address is set."""


def panel(community: Community, model: Model | None, spending: Spending, *, reads: bool) -> ui.LayoutView:
    """Draw where summaries stand in a community, and what changes it."""
    parts: list[ui.Item[Any]] = [
        ui.TextDisplay("## " + _("Summaries of threads") + "\n-# " + _("What you change here is kept at once.")),
        ui.TextDisplay("**" + _("Reading messages") + "**\n" + _reading_words(reads=reads)),
        ui.TextDisplay("**" + _("Language model") + "**\n" + _model_words(model)),
        ui.Separator(),
        _switch(community, model),
        ui.TextDisplay(_leaving_words(model)),
        ui.Separator(),
        ui.TextDisplay("**" + _("Who may ask for a summary") + "**"),
        ui.ActionRow(_askers(community)),
        ui.TextDisplay("**" + _("How much the model may be used in a month") + "**\n" + _spent_words(spending)),
        ui.ActionRow(_budgets(community)),
        ui.Separator(),
        ui.TextDisplay(_trying_words(model)),
        ui.ActionRow(lasting_button(_("Try it privately"), "setup", None, "try", discord.ButtonStyle.primary)),
    ]
    return drawing(ui.Container(*parts, accent_colour=ACCENT))


def _reading_words(*, reads: bool) -> str:
    if reads:
        return _(
            "Kith may read messages. It does so only when someone asks for a summary, and keeps only what that says."
        )
    return _(
        "Kith may not read messages, so /summary can't gather a thread. Whoever runs Kith allows it in the Discord "
        "developer portal: their application, *Bot*, *Message Content Intent*; then they start Kith anew. Until then "
        "*Summarise from here* in a message's menu gathers only what Kith may read: that message, the check-ins it "
        "posted, and messages that mention it."
    )


def _model_words(model: Model | None) -> str:
    if model is None:
        return _(
            "None is set, and none is needed: Kith then gathers what was asked, what waits for an answer, what people "
            "said they would do, links, and what was welcomed. For summaries in a model's words, whoever runs Kith "
            "sets `OPENAI_MODEL` in `.env`, and with it `OPENAI_API_KEY`, or `OPENAI_BASE_URL` for a server of their "
            "own, and starts Kith anew."
        )
    return _("{model}, at {address}").format(model=f"**{plain(model.name)}**", address=plain(host_of(model)))


def host_of(model: Model) -> str:
    """Return the host a model is asked at, and its port if one is named: nothing else of its address."""
    if model.base_url is None:
        return THEIR_OWN
    return re.sub(r"^\w+://(?:[^/?#]*@)?|[/?#].*", "", model.base_url)


def _switch(community: Community, model: Model | None) -> ui.Item[Any]:
    heading = "**" + _("The model, in this community") + "**\n"
    if community.model_on:
        off = lasting_button(_("Turn it off"), "setup", None, "model_off")
        words = _("On: summaries are written by the model.") if model else _("On, once whoever runs Kith has set one.")
        return ui.Section(heading + words, accessory=off)
    on = lasting_button(_("Turn it on"), "setup", None, "model_on", discord.ButtonStyle.success)
    return ui.Section(heading + _("Off: no words go to a model; Kith gathers without one."), accessory=on)


def _leaving_words(model: Model | None) -> str:
    where = _("the model's server") if model is None else plain(host_of(model))
    lines = [
        "- "
        + _("With it on, the words of a thread go to {server} when someone has that thread summarised.").format(
            server=where
        ),
        "- "
        + _(
            "Taken out before: the names and ids of those who write or are mentioned in it, e-mail addresses, long "
            "numbers, links, attachments, and all words of members who chose *Leave my words out* in /me."
        ),
        "- "
        + _(
            "A name Kith can't know goes as it is written, such as that of someone who is spoken of and not mentioned."
        ),
        "- " + _("Confidential threads, and private calls, are never summarised."),
        "- " + _("A note in the thread says who asked a model to summarise it. Only they see the draft."),
    ]
    return "\n".join(lines)


def _askers(community: Community) -> ui.Select[Any]:
    words = {
        Summarising.TAKING_PART: _("Hosts, and whoever wrote in the thread"),
        Summarising.HOSTS: _("Hosts only"),
    }
    return ui.Select(
        custom_id=pressed_name("setup", None, "askers"),
        options=[
            discord.SelectOption(label=label, value=who, default=who is community.summarising)
            for who, label in words.items()
        ],
    )


def _spent_words(spending: Spending) -> str:
    words = _("This month, in UTC: {spent} of {budget} tokens.").format(
        spent=number_words(spending.spent), budget=number_words(spending.budget)
    )
    if not spending.left:
        words += " " + _("It is used up, so Kith gathers without the model until the month ends.")
    return words + "\n-# " + _("A summary of a hundred messages takes about 8,000 tokens.")


def _budgets(community: Community) -> ui.Select[Any]:
    return ui.Select(
        custom_id=pressed_name("setup", None, "budget"),
        options=[
            discord.SelectOption(
                label=_("Up to {count} tokens a month").format(count=number_words(each)),
                value=str(each),
                default=each == community.monthly_tokens,
            )
            for each in BUDGETS
        ],
    )


def _trying_words(model: Model | None) -> str:
    if model is None:
        return _("See what a summary looks like: Kith gathers a made-up thread, for you alone.")
    return _("See what a summary looks like: a made-up thread goes to the model, and you alone see what it answers.")


def made_up_thread(reading: Reading) -> ui.LayoutView:
    """Draw the made-up thread while its summary is made."""
    said = "\n".join(f"**{plain(each.names[0])}:** {plain(each.words)}" for each in reading.messages)
    parts: list[ui.Item[Any]] = [
        ui.TextDisplay("### " + _("A made-up thread") + f"\n{said}"),
        ui.TextDisplay("-# " + _("Its summary comes below; a model may take half a minute.")),
        ui.ActionRow(lasting_button(_("Back"), "setup", None, "summaries")),
    ]
    return drawing(ui.Container(*parts, accent_colour=ACCENT))


def tried_out(tried: Tried) -> ui.LayoutView:
    """Draw what became of a try: the draft, what it took, or why the model did not answer."""
    made_up = _("The thread is made up, so the links lead nowhere. A draft of a real one can be edited and published.")
    return drawing(
        ui.TextDisplay(_cost_words(tried)),
        summary_card(tried.view, None),
        ui.TextDisplay("-# " + made_up),
    )


def _cost_words(tried: Tried) -> str:
    took = _("It took {seconds} seconds and {tokens} of this month's tokens.").format(
        seconds=format_decimal(round(tried.seconds, 1), locale=region()), tokens=number_words(tried.tokens)
    )
    if tried.unmodelled is Unmodelled.NONE:
        return _("No model is set, so Kith gathered this without one.")
    if tried.unmodelled is Unmodelled.BUDGET:
        return _("This month's tokens don't reach for it, so Kith gathered it without the model.")
    if tried.unmodelled is Unmodelled.FAILED:
        without = _("So Kith gathered this without it.")
        return f"{_failed_words(tried.failure)} {without}\n-# {took} " + _(
            "A model that fails three times in a row is left alone for five minutes."
        )
    return took


def _failed_words(failure: Failure | None) -> str:
    words = {
        Failure.SLOW: _("The model took too long to answer."),
        Failure.BUSY: _("The model's server is too busy just now. Please try again in a few minutes."),
        Failure.QUOTA: _(
            "The model's server says that the account has nothing left to spend. Whoever runs Kith can look there."
        ),
        Failure.REFUSED: _(
            "The model's server refused. Whoever runs Kith can check `OPENAI_API_KEY`, `OPENAI_MODEL` and "
            "`OPENAI_BASE_URL`."
        ),
        Failure.UNFIT: _(
            "The model's server doesn't take requests of this kind. Whoever runs Kith can check `OPENAI_MODEL`, or try "
            "another model."
        ),
        Failure.DOWN: _("The model's server can't be reached. Whoever runs Kith can check `OPENAI_BASE_URL`."),
        Failure.NONSENSE: _("The model's answer could not be read. Another model may do better."),
    }
    if failure is not None and failure in words:
        return words[failure]
    return _("The model answered, but with nothing that rests on the messages. Another model may do better.")
