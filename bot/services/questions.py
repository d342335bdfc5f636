"""Which question comes next in a community."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from bot.deck import REPEAT_AFTER, Decks, Element, Question
from bot.store.checkins import Round, questions_used
from bot.store.communities import Community
from bot.store.rhythms import Rhythm, rhythms_of

LOOKED_BACK = 8
"""How many rounds the driest element is judged by."""


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
    fewest = min(touched[element] for element in Element)
    driest = rng.choice([element for element in Element if touched[element] == fewest])
    return decks.draw(
        community.language,
        used=used,
        now=now,
        rng=rng,
        element=driest,
        depth=1 if len(earlier) < 2 else 2 if len(earlier) < 6 else None,
    )
