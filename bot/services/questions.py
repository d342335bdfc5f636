"""Which question comes next in a community."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.deck import REPEAT_AFTER, TAGS, Decks, Element, Question
from bot.store.calls import calls_since
from bot.store.checkins import Round, questions_used, round_tags_since
from bot.store.circles import circle_tags_since
from bot.store.communities import Community
from bot.store.rhythms import Rhythm, rhythms_of

LOOKED_BACK = 8
"""How many rounds the driest element is judged by."""


ACTS_LOOKED_BACK = timedelta(weeks=8)
"""How far back acts are counted when a circle's theme is to touch what was touched least."""
ELEMENTS = {tag: elements for elements, tag in TAGS.items()}
A_CALL = "sustainability"


def driest_element(session: Session, community_id: int, now: datetime, rng: random.Random) -> Element:
    """Return the element a community touched least in eight weeks, counted by kind of act, never by words.

    Each check-in round and each circle counts for the elements of its question or theme, each call for those of
    responding to one another.
    """
    since = now - ACTS_LOOKED_BACK
    tags = [*round_tags_since(session, community_id, since), *circle_tags_since(session, community_id, since)]
    tags += [A_CALL for _call in calls_since(session, community_id, since)]
    touched: Counter[Element] = Counter()
    for tag in tags:
        touched.update(ELEMENTS.get(tag, ()))
    return _least(touched, rng)


def _least(touched: Counter[Element], rng: random.Random) -> Element:
    fewest = min(touched[element] for element in Element)
    return rng.choice([element for element in Element if touched[element] == fewest])


def draw_question(
    session: Session, decks: Decks, community: Community, rhythm: Rhythm, earlier: Sequence[Round], now: datetime
) -> Question:
    """Return the question a rhythm's next round asks: the one kept from a preview, or a fresh draw.

    ``earlier`` are the rhythm's latest eight rounds, newest first; the element they touched least chooses. A young
    community starts with light questions: at first depth one, from the third round on two, from the seventh all.
    """
    used = questions_used(session, community.id, now - REPEAT_AFTER)
    others = [each for each in rhythms_of(session, community.id) if each.id != rhythm.id]
    used |= {each.question_id: now for each in others if each.question_id is not None}
    if rhythm.question_id is not None and rhythm.question_id not in used:
        kept = decks.question(community.language, rhythm.question_id)
        if kept is not None:
            return kept
    rng = random.Random()  # noqa: S311 -- a draw among questions, no secret
    touched: Counter[Element] = Counter()
    for each in earlier:
        asked = decks.question(community.language, each.question_id)
        touched.update(asked.elements if asked else ())
    return decks.draw(
        community.language,
        used=used,
        now=now,
        rng=rng,
        element=_least(touched, rng),
        depth=1 if len(earlier) < 2 else 2 if len(earlier) < 6 else None,
    )
