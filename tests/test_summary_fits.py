"""Whatever the language and the words, summaries fit, mention nobody, and come back from their form as they were."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from discord import ui

from bot.cleaning import tame
from bot.language import languages, speaking
from bot.services.model_uses import Spending
from bot.services.summary_showing import SummaryView
from bot.store.communities import Community
from bot.store.summaries import (
    LONGEST_POINT,
    Heading,
    Summary,
    SummaryPerson,
    SummaryPoint,
    SummarySource,
    SummaryState,
    Unmodelled,
)
from bot.thread import Source
from cogs import summary_cards, summary_forms
from tests.discord.scene import text_of
from tests.fakes import MONDAY_MORNING
from tests.official import rule_problems
from tests.test_fits import sizes, spoken_languages
from tests.test_hostile_text import HOSTILE

HIGHEST = 2**63 - 1
KINDS = (None, *Unmodelled)


def a_summary(**values: Any) -> Summary:
    """Return a published summary with all that may stand in it."""
    usual: dict[str, Any] = {
        "id": HIGHEST,
        "community_id": HIGHEST,
        "thread_id": HIGHEST,
        "parent_id": HIGHEST,
        "asker_id": HIGHEST,
        "state": SummaryState.PUBLISHED,
        "language": "en",
        "up_to_id": HIGHEST,
        "messages": 4000,
        "skipped": 1000,
        "cut": True,
        "made_at": MONDAY_MORNING,
        "published_at": MONDAY_MORNING,
        "message_id": HIGHEST,
        "outdated": True,
    }
    return Summary(**usual | values)


def a_view(
    words: str = "*" * LONGEST_POINT, name: str = "_" * 60, points: int = 6, sources: int = 3, **values: Any
) -> SummaryView:
    """Return a summary with so many points under each heading, each resting on so many messages."""
    summary = a_summary(**values)
    community = Community(id=HIGHEST, created_at=MONDAY_MORNING, language=values.get("language", "en"))
    rows = [
        SummaryPoint(id=each, summary_id=1, heading=heading, place=each, words=words, added=sources == 0)
        for each, heading in enumerate(list(summary_cards.headings_of(summary)) * points)
    ]
    resting = [
        [
            SummarySource(
                point_id=row.place, summary_id=1, channel_id=HIGHEST, message_id=HIGHEST - row.place * 3 - each
            )
            for each in range(sources)
        ]
        for row in rows
    ]
    people = {
        number: SummaryPerson(summary_id=1, number=number, member_id=number, name=name, spoke=True)
        for number in range(1, 41)
    }
    return SummaryView(community, summary, list(zip(rows, resting, strict=True)), people, a_summary())


def drawings(language: str) -> Iterator[ui.LayoutView]:
    """Draw everything that is shown of summaries."""
    for unmodelled in KINDS:
        yield summary_cards.draft_panel(a_view(unmodelled=unmodelled, points=0))
    for unmodelled in (None, Unmodelled.OFF):
        for view in (
            a_view(unmodelled=unmodelled, language=language),
            a_view("Person 1 " * 33, unmodelled=unmodelled, language=language),
            a_view(unmodelled=unmodelled, language=language, sources=0, asker_id=None),
        ):
            yield summary_cards.draft_panel(view)
            yield summary_cards.published_card(view, 1)
            yield summary_cards.notice(view, 1)
    for again in (True, False):
        yield summary_cards.price_panel(HIGHEST, 5000, 2_000_000, Spending(1_000_000, 999_999), again=again)
        yield summary_cards.confidential_panel(HIGHEST, host=again)
    yield summary_cards.past_panel([a_summary()] * 15)
    yield summary_cards.past_panel([])


@spoken_languages
def test_everything_that_is_shown_of_summaries_fits(language: str) -> None:
    with speaking(language):
        for view in drawings(language):
            drawn = {"components": view.to_components(), "flags": 1 << 15}
            assert rule_problems("POST", "/channels/1/messages", drawn) == []
            assert list(sizes(drawn)) == []


@spoken_languages
def test_the_form_of_a_draft_fits(language: str) -> None:
    with speaking(language):
        for unmodelled in KINDS:
            drawn = summary_forms.edit_form(a_view(unmodelled=unmodelled, points=9)).to_dict()
            assert rule_problems("POST", "/interactions/1/t/callback", {"type": 9, "data": drawn}) == []
            assert list(sizes(drawn)) == []


def test_a_summary_too_long_says_how_many_points_it_leaves_out_of_the_longest_headings() -> None:
    text = shown(a_view("word " * 20, points=6))

    listed = text.count("\n- ")
    assert f"{30 - listed} more points have no room here." in text
    assert all(f"**{title}**\n- " in text for title in summary_cards.headings_of(a_summary()).values())


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_and_names_break_no_summary_and_mention_nobody(words: str) -> None:
    for view in (
        a_view(tame(words, 200), points=1),
        a_view("Person 1 asks Person 99.", tame(words, 60), points=1, unmodelled=Unmodelled.OFF),
    ):
        drawn = {"components": summary_cards.draft_panel(view).to_components(), "flags": 1 << 15}
        assert rule_problems("POST", "/channels/1/messages", drawn) == []
        text = shown(view)
        assert "@everyone" not in text
        assert "](https://example.org" not in text
        assert text.count("<@") == 1  # whoever asked for it


@pytest.mark.parametrize(
    "words", [*HOSTILE, "Person 1 asks Person 3, and Person 41.", "See [12] and [3, 4]", "Person 12s"]
)
def test_what_a_form_is_filled_in_with_comes_back_as_it_was(words: str) -> None:
    kept = tame(words, 200).replace("[", "(").replace("]", ")") or "nothing"
    for name in ("Ada", "Person", "[3]", "*Ada* (of the west)", "3"):
        view = a_view(kept, tame(name, 60), points=1)
        form = summary_forms.edit_form(view).to_dict()
        filled = {part["component"]["custom_id"]: part["component"].get("value") for part in form["components"]}

        points = summary_forms.points_written(view, filled)

        assert [each.sources for each in points] == [
            tuple(Source(each.channel_id, each.message_id, None) for each in sources) for _row, sources in view.points
        ]
        rows = [
            row.model_copy(update={"words": point.words}) for (row, _of), point in zip(view.points, points, strict=True)
        ]
        again = replace(view, points=[(row, sources) for row, (_row, sources) in zip(rows, view.points, strict=True)])
        assert shown(again) == shown(view)


def shown(view: SummaryView) -> str:
    """Return what a summary says."""
    return text_of(summary_cards.published_card(view, 1).to_components())


@pytest.mark.parametrize(
    ("language", "messages", "skipped"),
    [("en", "4,000 messages", "1,000 older messages"), ("de", "4.000 Nachrichten", "1.000 ältere Nachrichten")],
)
def test_long_counts_are_written_as_their_language_does(language: str, messages: str, skipped: str) -> None:
    text = shown(a_view("word", language=language))

    assert messages in text
    assert skipped in text
    with speaking(language):
        panel = summary_cards.price_panel(1, 4000, 30_400, Spending(200_000, 0), again=False)
    assert messages in text_of(panel.to_components())


def test_the_languages_kith_does_not_speak_fall_back_to_the_communitys() -> None:
    community = Community(id=1, created_at=MONDAY_MORNING, language="de")

    def spoken(language: str) -> str:
        return summary_cards.language_of(SummaryView(community, a_summary(language=language), [], {}))

    assert [spoken("fr"), spoken("en"), spoken("de")] == ["de", "en", "de"]
    assert set(languages()) == {"en", "de"}
    assert Heading.ASKED in summary_cards.headings_of(a_summary())
