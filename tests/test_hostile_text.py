"""Whatever people type, nobody is pinged who was not asked by id, no card breaks, nothing is lost."""

from datetime import datetime, timedelta
from typing import Any

import discord
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.errors import Refusal
from bot.services.checkins import Form
from bot.services.communities import LONGEST_PURPOSE, SetUp, check_purpose
from bot.services.members import Me, Mine, check_about
from bot.services.offers import check_offer
from bot.services.rounds import Post, Weaving
from bot.services.words import LONGEST_WORDS, check_words
from bot.store.checkins import CheckIn, CheckInKind, Round, RoundState
from bot.store.communities import Community
from bot.store.members import Member, Share
from bot.store.offers import Offer
from cogs import cards
from cogs.checkins import check_in_form
from cogs.me_panel import WORDS_ON_A_PAGE, me_panel, words_panel
from cogs.rhythms import shared_panel
from cogs.setup_panel import panel, purpose_form
from tests.discord.scene import Scene, said, thread_texts
from tests.fakes import MONDAY_MORNING
from tests.official import rule_problems

HOSTILE = [
    "@everyone @here <@123> <@!123> <@&456> <#789> </setup start:1> <t:0:R>",
    "```\nunclosed",
    "||spoiler **bold __under ~~strike `code",
    "# heading\n## heading\n-# small\n> quote\n>>> long quote\n- list\n1. list",
    "[a link](https://example.org) https://example.org/<x> <https://example.org>",
    "\u202eright to left\u202c \u2067isolate\u2069 \u200b\u200d\u2060\ufeff",
    "👩‍👩‍👧‍👦🏳️‍🌈" * 40,
    "\x00\x07\x1b[31m\r\n",
    "\ud800",
    "*" * 1000,
    "\n" * 999 + "x",
    "x" * 4000,
]

texts = st.one_of(st.text(max_size=4000), st.lists(st.sampled_from(HOSTILE), max_size=4).map(" ".join))


def a_round(**values: Any) -> Round:
    """Return a round that is open."""
    return Round(
        id=1,
        community_id=1,
        rhythm_id=1,
        day=MONDAY_MORNING.date(),
        question_id="work-x",
        question="What did you try?",
        tag="work",
        opens_at=MONDAY_MORNING,
        closes_at=MONDAY_MORNING + timedelta(days=4),
        message_id=5,
        **values,
    )


def a_check_in(words: str, written_at: datetime = MONDAY_MORNING) -> CheckIn:
    """Return a check-in for everyone."""
    return CheckIn(
        id=1,
        community_id=1,
        round_id=1,
        member_id=2**63 - 1,
        kind=CheckInKind.ANSWERED,
        words=words,
        arriving="restless",
        share=Share.EVERYONE,
        written_at=written_at,
    )


COMMUNITY = Community(id=1, created_at=MONDAY_MORNING)


def payload_of(view: discord.ui.LayoutView) -> dict[str, Any]:
    """Return the body a message with this card is sent with."""
    return {"components": view.to_components(), "flags": 1 << 15}


def test_of_several_links_with_words_of_their_own_none_is_alive() -> None:
    shown = cards.plain("[a](https://example.org) see [Log in](https://example.net) **now** :)")

    assert shown == r"\[a](https://example.org) see \[Log in](https://example.net) \*\*now\*\* :)"


async def test_whatever_is_written_makes_a_post_discord_takes() -> None:
    @settings(max_examples=300, deadline=None)
    @example("*" * 1000)
    @example("\n" * 999 + "x")
    @example("@everyone" * 111)
    @given(texts)
    def shown(typed: str) -> None:
        try:
            words = check_words(typed)
        except Refusal:
            return
        assert 0 < len(words) <= LONGEST_WORDS
        view = cards.post(Post(COMMUNITY, a_round(), a_check_in(words), shown=True), 1_000_000_001)
        assert rule_problems("POST", "/channels/1/messages", payload_of(view)) == []
        text = view.to_components()[0]["content"]
        assert "@everyone" not in text
        assert "@here" not in text
        assert all(line.startswith("> ") for line in text.split("\n")[1:])
        text.encode()

    shown()


async def test_what_was_written_comes_back_in_the_form_letter_for_letter() -> None:
    @settings(max_examples=200, deadline=None)
    @given(texts)
    def comes_back(typed: str) -> None:
        try:
            words = check_words(typed)
        except Refusal:
            return
        form = check_in_form(Form(a_round(), a_check_in(words), Share.EVERYONE))
        assert form.to_dict()["components"][1]["component"]["value"] == words
        assert check_words(words) == words

    comes_back()


async def test_a_weaving_of_hundreds_fits_a_card() -> None:
    members = list(range(2**63 - 500, 2**63))
    waiting = [a_check_in("words") for _member in members]
    woven = Weaving(COMMUNITY, a_round(state=RoundState.CLOSED), members, waiting, MONDAY_MORNING)

    view = cards.weaving(woven, 1_000_000_001)

    assert rule_problems("POST", "/channels/1/messages", payload_of(view)) == []
    assert sum(len(each) for each in texts_of(view.to_components())) <= 4000


def kept_words(typed: str) -> str | None:
    """Return words as they are kept; None when they are refused."""
    try:
        return check_words(typed)
    except Refusal:
        return None


def assert_shown_safely(view: discord.ui.LayoutView) -> None:
    """Assert that Discord takes a card, and that nothing in it calls everyone."""
    assert rule_problems("POST", "/channels/1/messages", payload_of(view)) == []
    text = "\n".join(texts_of(view.to_components()))
    assert len(text) <= 4000
    assert "@everyone" not in text
    assert "@here" not in text
    text.encode()


async def test_whatever_purpose_is_typed_the_panel_and_its_form_hold() -> None:
    @settings(max_examples=40, deadline=None)
    @example("@everyone " * 30)
    @example("*" * LONGEST_PURPOSE)
    @given(st.one_of(texts, st.sampled_from(HOSTILE)))
    def shown(typed: str) -> None:
        try:
            purpose = check_purpose(typed)
        except Refusal:
            return
        community = Community(id=1, purpose=purpose, created_at=MONDAY_MORNING)
        assert_shown_safely(panel(SetUp(community, None), None))
        field = purpose_form(community).to_dict()["components"][0]["component"]
        assert field.get("value", "") == purpose
        assert check_purpose(purpose) == purpose

    shown()


async def test_whatever_members_share_with_hosts_every_page_of_it_holds() -> None:
    @settings(max_examples=40, deadline=None)
    @example(["*" * 1000] * 7)
    @example(["\n" * 999 + "x", "@everyone" * 111])
    @given(st.lists(texts, max_size=4))
    def shown(typed: list[str]) -> None:
        check_ins = [a_check_in(words) for each in typed if (words := kept_words(each))]
        for page in range(len(check_ins) + 1):
            assert_shown_safely(shared_panel(a_round(), check_ins, page))

    shown()


async def test_whatever_a_member_wrote_every_page_of_their_words_holds() -> None:
    @settings(max_examples=40, deadline=None)
    @example(["*" * 1000] * 6)
    @example(["\n" * 999 + "x", "@everyone" * 111])
    @given(st.lists(texts, max_size=WORDS_ON_A_PAGE + 1))
    def shown(typed: list[str]) -> None:
        kept = [words for each in typed if (words := kept_words(each))]
        mine = [Mine(a_check_in(words).model_copy(update={"id": number}), "Why?") for number, words in enumerate(kept)]
        for skip in range(len(mine) + 1):
            assert_shown_safely(words_panel(mine[skip:], skip))

    shown()


async def test_whatever_a_member_offers_and_says_of_themselves_their_panel_holds() -> None:
    @settings(max_examples=40, deadline=None)
    @example(["*" * 80] * 5, "_" * 200)
    @example(["# heading", "@everyone", "||" * 40, "```", ">>> x"], "\ufdfa" * 200)
    @given(st.lists(st.one_of(st.text(max_size=80), st.sampled_from(HOSTILE)), max_size=5), st.text(max_size=200))
    def shown(offered: list[str], said_of_oneself: str) -> None:
        try:
            words = [check_offer(each) for each in offered]
            member = Member(community_id=1, member_id=1, reminders=True, keeps=True, about=check_about(said_of_oneself))
        except Refusal:
            return
        offers = [Offer(id=number, community_id=1, member_id=1, words=each) for number, each in enumerate(words)]
        assert_shown_safely(me_panel(Me(member, "UTC", 1, None, undelivered=False, offers=offers)))

    shown()


MOST_DISCORD_TAKES = 4000
"""Characters in a text input, whatever the form says."""
TYPED = [f"before {each} after" for each in HOSTILE]


@pytest.mark.parametrize("typed", [each for each in TYPED if kept_words(each)])
async def test_hostile_words_through_the_form_ping_nobody_and_are_kept(scene: Scene, typed: str) -> None:
    await scene.begin()
    card = await scene.open_round()

    answer = await scene.check_in(scene.ada, card, typed)

    assert "Thank you" in said(answer)
    shown = thread_texts(scene, card)[0]
    assert "before" in shown
    assert "after" in shown
    sent = [each.json for each in scene.env.http_requests if each.path.endswith("/messages") and each.method == "POST"]
    assert [each["allowed_mentions"] for each in sent if each is not None] == [{"parse": []}, {"parse": []}]
    assert await words_of_ada(scene) == check_words(typed)


@pytest.mark.parametrize("typed", [each for each in TYPED if not kept_words(each)])
async def test_words_that_do_not_fit_are_refused_in_a_sentence_and_what_stood_there_stands(
    scene: Scene, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cogs.checkins.LONGEST_WORDS", MOST_DISCORD_TAKES)  # as if a client let more through
    await scene.begin()
    card = await scene.open_round()
    await scene.check_in(scene.ada, card, "What stood there.")

    answer = await scene.check_in(scene.ada, card, typed[:MOST_DISCORD_TAKES])

    assert "room for 1,000 characters" in said(answer)
    assert await words_of_ada(scene) == "What stood there."
    assert "What stood there." in thread_texts(scene, card)[0]


async def words_of_ada(scene: Scene) -> str:
    """Return what is kept of Ada's in this round."""
    form = await scene.app.checkins.form(scene.guild.id, scene.ada.id)
    assert form.check_in is not None
    return form.check_in.words


def texts_of(parts: list[dict[str, Any]]) -> list[str]:
    """Return every text in a card."""
    found: list[str] = []
    for part in parts:
        found += [part["content"]] if "content" in part else []
        found += texts_of(part.get("components", []))
    return found
