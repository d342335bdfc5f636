"""Whatever the language and the words, everything that is said about calls fits what Discord takes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from discord import ui

from bot.language import languages, speaking
from bot.services.call_cards import CallCard, CallWord
from bot.services.ladder import CALLER
from bot.services.rounds import Weaving
from bot.store.calls import Audience, Call, CallState, Help, Relay, Response
from bot.store.communities import Community
from bot.store.members import Member
from cogs import call_cards, call_words
from cogs.cards import weaving
from tests.discord.scene import text_of
from tests.fakes import MONDAY_MORNING
from tests.official import rule_problems
from tests.test_fits import BEGUN, COMMUNITY, ROUND, sizes, spoken_languages
from tests.test_hostile_text import HOSTILE

HIGHEST = 2**63 - 1
MANY = [HIGHEST - each for each in range(40)]


def a_call(**values: Any) -> Call:
    """Return a call with all that may stand in it."""
    usual: dict[str, Any] = {
        "id": HIGHEST,
        "community_id": HIGHEST,
        "caller_id": HIGHEST,
        "state": CallState.OPEN,
        "words": "*" * 1000,
        "help": ",".join(Help),
        "written_at": MONDAY_MORNING,
        "opened_at": MONDAY_MORNING,
        "ended_at": MONDAY_MORNING,
        "next_at": MONDAY_MORNING,
        "learning": "*" * 300,
        "channel_id": HIGHEST,
        "message_id": HIGHEST,
        "thread_id": HIGHEST,
    }
    return Call(**usual | values)


def a_response(member_id: int | None, **values: Any) -> Response:
    """Return a member's part in a call."""
    usual: dict[str, Any] = {"id": HIGHEST, "community_id": 1, "call_id": 1, "later_at": MONDAY_MORNING}
    return Response(member_id=member_id, **usual | values)


def calls() -> Iterator[Call]:
    """Return a call for each audience in each state, and one whose caller was forgotten."""
    for audience in Audience:
        for state in CallState:
            yield a_call(audience=audience, state=state)
    yield a_call(caller_id=None, words="", message_id=None)
    yield a_call(accompanied=True)


def call_drawings(community: Community) -> Iterator[ui.LayoutView]:
    """Draw everything that is said about calls."""
    asked = [a_response(each, why="*" * 80) for each in MANY[:3]]
    later = [a_response(each) for each in MANY]
    for call in calls():
        for card in (CallCard(community, call), CallCard(community, call, MANY, later, MANY, confidential=True)):
            yield call_cards.call_card(card, 1)
            yield call_cards.call_card(card, None)
            yield call_cards.door(card, 1)
        for number in range(CALLER + 2):
            rung = CallWord(community, call, "rung", number, asked=asked, late_since=MONDAY_MORNING)
            yield call_words.rung(rung, 1)
            yield call_words.rung(replace(rung, asked=[a_response(1)], late_since=None), 1)
            yield call_words.rung(replace(rung, asked=[]), 1)
        for what in call_words.DRAWN:
            word = CallWord(community, call, what, late_since=MONDAY_MORNING)
            yield call_words.word(word, 1)
            yield call_words.word(said_in_full(word), 1)


def said_in_full(word: CallWord) -> CallWord:
    """Return a word about somebody's part, with all that may stand in it."""
    return replace(
        word,
        response=a_response(HIGHEST, thought_of_by=HIGHEST),
        member=Member(community_id=1, member_id=HIGHEST, about="*" * 200),
        relay=Relay(call_id=1, words="*" * 1000, written_at=MONDAY_MORNING, request_id=1),
        responders=MANY,
    )


@spoken_languages
def test_everything_that_is_said_about_calls_fits(language: str) -> None:
    with speaking(language):
        for view in call_drawings(BEGUN if language == languages()[0] else COMMUNITY):
            drawn = {"components": view.to_components(), "flags": 1 << 15}
            assert rule_problems("POST", "/channels/1/messages", drawn) == []
            assert list(sizes(drawn)) == []


@spoken_languages
def test_a_weaving_with_calls_fits(language: str) -> None:
    waiting = [a_call(rung=each) for each in range(1, 6)]
    with speaking(language):
        woven = Weaving(COMMUNITY, ROUND, MANY * 2, [], MONDAY_MORNING + timedelta(days=3), waiting)
        for view in (
            weaving(woven, 1),
            weaving(replace(woven, heard=[]), 1),
            weaving(replace(woven, confidential=True), 1),
        ):
            drawn = {"components": view.to_components(), "flags": 1 << 15}
            assert rule_problems("POST", "/channels/1/messages", drawn) == []


def test_hostile_words_of_calls_and_offers_break_no_card_and_mention_nobody() -> None:
    for words in HOSTILE:
        kept = words.strip()[:1000]
        call = a_call(words=kept, learning=kept[:300], caller_id=1)
        asked = [a_response(each, why=" ".join(kept.split())[:80]) for each in (1, 2, 3)]
        relay = Relay(call_id=1, words=kept, written_at=MONDAY_MORNING, request_id=1)
        for view in (
            call_cards.call_card(CallCard(COMMUNITY, call), 1),
            call_words.rung(CallWord(COMMUNITY, call, "rung", asked=asked), 1),
            call_words.word(CallWord(COMMUNITY, call, "relay", relay=relay), 1),
            call_words.word(CallWord(COMMUNITY, call, "learned"), 1),
        ):
            drawn = {"components": view.to_components(), "flags": 1 << 15}
            assert rule_problems("POST", "/channels/1/messages", drawn) == []
            assert "@everyone" not in text_of(view.to_components())


def test_whoever_was_forgotten_is_someone_and_sentences_begin_with_a_capital() -> None:
    for call in (a_call(caller_id=None), a_call(audience=Audience.NAMELESS)):
        for what in call_words.DRAWN:
            text = text_of(call_words.word(CallWord(COMMUNITY, call, what), 1).to_components())
            assert "None" not in text
            assert not text[0].islower()
            assert f"<@{HIGHEST}>" not in text
