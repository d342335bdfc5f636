"""Whatever the language, every card, form and panel fits what Discord takes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any, cast

import pytest
from discord import ui

from bot.calendar import Slot, Turn
from bot.language import languages, speaking
from bot.model import Failure, Model
from bot.services.calls import MOST_NAMED, CallForm, Measures, Preview, Waiting
from bot.services.checkins import ARRIVING, Form, Outcome, Written
from bot.services.communities import BUDGETS, SetUp, missing
from bot.services.keepers import KeeperCard
from bot.services.members import Me, Mine
from bot.services.model_uses import Spending
from bot.services.responses import Later
from bot.services.rhythms import RhythmView
from bot.services.rounds import Note, Post, Quiet, Reminder, RoundCard, Weaving
from bot.services.summary_showing import SummaryView
from bot.store.calls import Audience, Call, Help
from bot.store.checkins import CheckIn, CheckInKind, Round, RoundState
from bot.store.communities import Community
from bot.store.deliveries import Delivery, DeliveryKind, Priority
from bot.store.keepers import KeeperTurn
from bot.store.members import Member, Share
from bot.store.offers import Offer
from bot.store.rhythms import Rhythm, RhythmKind, RhythmState
from bot.store.summaries import Heading, Summary, SummaryPoint, SummaryState, Unmodelled
from bot.summary_try import Tried, made_up
from cogs import call_forms, call_lists, cards, checkins, me_panel, rhythms, setup_panel, summary_setup
from cogs.help import help_panel
from cogs.keeper_cards import keeper_card
from cogs.words import reason_words
from tests.fakes import MONDAY_MORNING, FixedClock
from tests.official import rule_problems

LIMITS: dict[str, dict[int | None, int]] = {
    "label": {2: 80, 18: 45, None: 100},
    "placeholder": {3: 150, 4: 100, 5: 150, 6: 150, 8: 150},
    "description": {18: 100, None: 100},
    "content": {10: 4000},
}
"""Most characters of a field by its component's type; None stands for an option of a select or a radio group.

https://docs.discord.com/developers/components/reference
"""
READABLE = 30
"""Characters of a button that still show on a phone."""

QUESTION = "What did you try? " * 10
COMMUNITY = Community(
    id=1,
    created_at=MONDAY_MORNING,
    zone="America/Argentina/Buenos_Aires",
    host_role_id=2**63,
    bell_role_id=2**63,
)
BEGUN = Community(
    id=1,
    created_at=MONDAY_MORNING,
    begun_at=MONDAY_MORNING,
    purpose="x" * 300,
    checkins_channel_id=2,
    circles_channel_id=3,
)
ROUND = Round(
    id=1,
    community_id=1,
    rhythm_id=1,
    day=MONDAY_MORNING.date(),
    question_id="sustainability-x",
    question=QUESTION,
    tag="sustainability",
    opens_at=MONDAY_MORNING,
    closes_at=MONDAY_MORNING + timedelta(days=4),
    channel_id=4,
    message_id=5,
)
REASONS = ("too-late", "no-access", "channel-gone", "card-gone", "not-removed", "no-events", "refused", "unsure", "")

spoken_languages = pytest.mark.parametrize("language", languages())


def a_round(**values: Any) -> Round:
    """Return the round with some values changed."""
    return Round(**{**ROUND.model_dump(), **values})


def a_rhythm(**values: Any) -> Rhythm:
    """Return a rhythm with a long rule."""
    usual: dict[str, Any] = {
        "id": 1,
        "community_id": 1,
        "turn": Turn.MONTH,
        "every": 12,
        "nth": 2,
        "weekday": 2,
        "at": time(21, 30),
        "zone": "America/Argentina/Buenos_Aires",
        "anchor": MONDAY_MORNING.date(),
        "next_day": MONDAY_MORNING.date(),
        "next_at": MONDAY_MORNING,
    }
    return Rhythm(**{**usual, **values})


def a_check_in(**values: Any) -> CheckIn:
    """Return a long check-in."""
    usual: dict[str, Any] = {
        "id": 1,
        "community_id": 1,
        "round_id": 1,
        "member_id": 2**63,
        "kind": CheckInKind.ANSWERED,
        "words": "x" * 1000,
        "arriving": "full",
        "need": True,
        "share": Share.HOSTS,
        "written_at": MONDAY_MORNING,
    }
    return CheckIn(**{**usual, **values})


def public_cards() -> Iterator[ui.LayoutView]:
    """Draw what everyone sees."""
    for state in RoundState:
        for shown in (a_round(state=state, threaded=True), a_round(state=state)):
            yield cards.round_card(RoundCard(COMMUNITY, shown), 1)
    for arriving in (*ARRIVING, None):
        yield cards.post(Post(COMMUNITY, ROUND, a_check_in(arriving=arriving), shown=True), 1)
    late = a_check_in(written_at=MONDAY_MORNING + timedelta(days=5))
    yield cards.post(Post(COMMUNITY, ROUND, late, shown=True), 1)
    heard = [2**63 - each for each in range(70)]
    waiting = [a_check_in(member_id=each, message_id=2**63) for each in heard]
    yield cards.weaving(Weaving(COMMUNITY, a_round(message_id=2**63), heard, waiting, MONDAY_MORNING), 1)
    yield cards.weaving(Weaving(COMMUNITY, ROUND, [], [], None), 1)
    for rhythm in (a_rhythm(state=RhythmState.ASKING), a_rhythm(), a_rhythm(next_at=None)):
        yield cards.quiet(Quiet(COMMUNITY, rhythm, posted=(1, 2)), 1)
    for kind in DeliveryKind:
        for reason in REASONS:
            about = Delivery(
                community_id=1, kind=kind, key="1", due_at=MONDAY_MORNING, priority=Priority.RITUAL, reason=reason
            )
            yield cards.note(Note(COMMUNITY, about), 1)
    yield cards.reminder_card(Reminder(COMMUNITY, ROUND, 1, "en"), 1)
    for keeper_id in (2**63, None):
        turn = KeeperTurn(
            id=2**31,
            community_id=1,
            rhythm_id=1,
            day=MONDAY_MORNING.date(),
            keeper_id=keeper_id,
            starts_at=MONDAY_MORNING,
            ends_at=MONDAY_MORNING,
        )
        for over in (True, False):
            yield keeper_card(KeeperCard(COMMUNITY, turn, over, posts=True), 1)


def private_panels() -> Iterator[ui.LayoutView]:
    """Draw what one person sees."""
    for outcome in Outcome:
        for share in Share:
            yield checkins.thanks(Written(outcome, a_check_in(share=share), ROUND))
    yield from call_panels()
    yield from member_panels()
    yield from rhythm_panels()
    unset = SetUp(COMMUNITY, None, missing(COMMUNITY, None))
    yield setup_panel.panel(unset, None)
    yield setup_panel.panel(SetUp(COMMUNITY, a_rhythm()), None)
    for rhythm in (a_rhythm(), a_rhythm(next_at=None), None):
        begun = SetUp(BEGUN, rhythm, missing(BEGUN, rhythm, {2: False}))
        yield setup_panel.panel(begun, None)
        yield setup_panel.panel(begun, None, answering_begin=True)
    yield setup_panel.preview(replace(unset, card=RoundCard(COMMUNITY, a_round(message_id=None))))
    yield setup_panel.preview(SetUp(BEGUN, a_rhythm(), card=RoundCard(BEGUN, a_round(message_id=None))))
    yield from summary_setup_panels()
    yield help_panel({}, host=True)


def summary_setup_panels() -> Iterator[ui.LayoutView]:
    """Draw /setup summaries, and what a try shows."""
    model = Model("_" * 100, FixedClock(MONDAY_MORNING), base_url=f"https://{'_' * 200}:65535/v1")
    for reads in (True, False):
        yield summary_setup.panel(COMMUNITY, model, Spending(BUDGETS[-1], BUDGETS[-1]), reads=reads)
        yield summary_setup.panel(BEGUN, None, Spending(BUDGETS[0], 0), reads=reads)
    yield summary_setup.made_up_thread(made_up(MONDAY_MORNING))
    for unmodelled in (None, *Unmodelled):
        summary = Summary(
            community_id=1,
            thread_id=1,
            parent_id=1,
            unmodelled=unmodelled,
            state=SummaryState.DRAFT,
            made_at=MONDAY_MORNING,
        )
        point = SummaryPoint(summary_id=0, heading=Heading.ASKED, place=0, words="_" * 300)
        view = SummaryView(COMMUNITY, summary, [(point, [])] * 20, {})
        for failure in (None, *Failure) if unmodelled is Unmodelled.FAILED else (None,):
            yield summary_setup.tried_out(Tried(view, seconds=28.04, tokens=BUDGETS[-1], failure=failure))


def call_panels() -> Iterator[ui.LayoutView]:
    """Draw the preview, the lists, and what a caller is asked or told."""
    for audience in Audience:
        call = a_call(audience=audience)
        named = [2**63 - each for each in range(MOST_NAMED)]
        yield call_lists.preview_panel(Preview(COMMUNITY, call, named), unheeded=True)
        yield call_lists.preview_panel(Preview(COMMUNITY, call, [], missing="x" * 150))
        for again in (True, False):
            yield call_lists.sent_panel(call_lists.sent_words(call, again=again))
        waiting = [Waiting(a_call(audience=audience, id=2**62 + each), each) for each in range(12)]
        for found in (waiting, []):
            yield call_lists.waiting_panel(found, 10, 1, host=True)
            yield call_lists.own_panel(found, 5, 1)
        yield call_lists.withdraw_panel(call)
        yield call_lists.helped_panel(call)
    yield call_lists.measures_panel(Measures(2000, MONDAY_MORNING, 1000, timedelta(days=3), 0.333, 100))
    yield call_lists.measures_panel(Measures(0, None, 0, None, None, None))


def a_call(**values: Any) -> Call:
    """Return a long call."""
    usual: dict[str, Any] = {
        "id": 1,
        "community_id": 1,
        "caller_id": 2**63,
        "words": "_" * 1000,
        "help": ",".join(Help),
        "written_at": MONDAY_MORNING,
        "opened_at": MONDAY_MORNING,
        "channel_id": 2**63,
        "message_id": 2**63,
        "thread_id": 2**63,
        "door_id": 2**63,
    }
    return Call(**{**usual, **values})


def member_panels() -> Iterator[ui.LayoutView]:
    """Draw /me."""
    quiet, reminded = Member(community_id=1, member_id=1), Member(community_id=1, member_id=1, reminders=True)
    zone = "America/Argentina/Buenos_Aires"
    me = Me(quiet, zone, check_ins=0, away_until=None, undelivered=False)
    away = Me(reminded, zone, check_ins=1, away_until=date(2027, 9, 29), undelivered=False)
    full = Member(community_id=1, member_id=1, reminders=True, keeps=True, about="_" * 200, left_out=True)
    offers = [Offer(id=2**62 + each, community_id=1, member_id=1, words=str(each) + "*" * 79) for each in range(5)]
    most = replace(away, member=full, check_ins=1000, calls=100, circles=100, summaries=100, offers=offers)
    for each in (me, away, most, replace(me, undelivered=True, check_ins=2)):
        yield me_panel.me_panel(each)
        yield me_panel.leaving_panel(each)
    long = [Mine(a_check_in(id=number, share=share), QUESTION) for number, share in enumerate(Share)]
    short = [Mine(a_check_in(id=number, words="x", round_id=None), None) for number in range(3, 9)]
    yield me_panel.words_panel([*long, *short], 5)
    yield me_panel.words_panel(short, 5)
    yield me_panel.words_panel([], 0)


def rhythm_panels() -> Iterator[ui.LayoutView]:
    """Draw /rhythm."""
    slots = [Slot(MONDAY_MORNING.date() + timedelta(weeks=each), MONDAY_MORNING) for each in range(3)]
    paused = a_rhythm(paused_until=date(2027, 9, 29), kind=RhythmKind.KEEPER)
    views = [RhythmView(a_rhythm(state=state), slots, begun=False) for state in RhythmState]
    views += [RhythmView(paused, slots, slots), RhythmView(paused, slots, slots[:1])]
    yield rhythms.list_panel(views, host=True)
    yield rhythms.rhythm_panel(views[0], "Moved.")
    yield rhythms.list_panel([], host=True)
    for page in (0, 1):
        yield rhythms.shared_panel(ROUND, [a_check_in(member_id=each) for each in range(10)], page)
    yield rhythms.shared_panel(None, [], 0)
    yield rhythms.shared_panel(ROUND, [], 0)


def every_form() -> Iterator[ui.Modal]:
    """Draw the forms."""
    yield checkins.check_in_form(Form(ROUND, a_check_in(), Share.EVERYONE))
    yield checkins.check_in_form(Form(None, None, Share.EVERYONE))
    yield call_forms.call_form(CallForm(a_call(), [2**63 - each for each in range(MOST_NAMED)]))
    yield call_forms.call_form(CallForm(None, words="x" * 1000))
    yield call_forms.later_form(1, dict.fromkeys(Later, MONDAY_MORNING))
    yield call_forms.someone_form(1)
    yield call_forms.say_form(1)
    yield call_forms.learned_form(1, "x" * 300)
    yield me_panel.about_form(Member(community_id=1, member_id=1, about="x" * 200))
    yield setup_panel.place_form(COMMUNITY)
    yield setup_panel.purpose_form(BEGUN)
    yield setup_panel.rhythm_form(a_rhythm())


def sizes(part: Any) -> Iterator[str]:
    """Say which words in a drawing are longer than Discord takes, or a button's than people can read."""
    if isinstance(part, list):
        for each in cast("list[Any]", part):
            yield from sizes(each)
    elif isinstance(part, dict):
        fields = cast("dict[str, Any]", part)
        kind = fields.get("type")
        for name, limits in LIMITS.items():
            words = fields.get(name)
            if isinstance(words, str) and len(words) > limits.get(kind, 0):
                yield f"{name}: {words}"
        if kind == 2 and len(fields.get("label") or "") > READABLE:
            yield f"a long button: {fields['label']}"
        yield from sizes(list(fields.values()))


@spoken_languages
def test_every_card_and_panel_fits(language: str) -> None:
    with speaking(language):
        for view in (*public_cards(), *private_panels()):
            drawn = {"components": view.to_components(), "flags": 1 << 15}
            assert rule_problems("POST", "/channels/1/messages", drawn) == []
            assert list(sizes(drawn)) == []


@spoken_languages
def test_every_form_fits(language: str) -> None:
    with speaking(language):
        for form in every_form():
            drawn = form.to_dict()
            assert rule_problems("POST", "/interactions/1/t/callback", {"type": 9, "data": drawn}) == []
            assert list(sizes(drawn)) == []


def test_a_label_too_long_is_found() -> None:
    button: ui.Button[Any] = ui.Button(label="x" * 31, custom_id="round:1:open")

    assert list(sizes(cards.drawing(ui.ActionRow(button)).to_components()))
    assert list(sizes({"type": 18, "label": "x" * 46}))
    assert list(sizes({"label": "x" * 101, "value": "1"}))


@spoken_languages
def test_a_reason_is_a_whole_sentence(language: str) -> None:
    with speaking(language):
        assert all(reason_words(each).endswith(".") for each in REASONS)
