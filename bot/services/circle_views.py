"""A circle as it is shown, and the theme of one that has no words of its own."""

import random
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.circle_deck import Theme, our_circle_decks
from bot.deck import REPEAT_AFTER, TAGS
from bot.formats import Format, Role
from bot.services.questions import driest_element
from bot.services.running import format_of
from bot.store.circles import Circle, CircleRole, ComingKind, answers_to, roles_in, themes_used, with_room
from bot.store.communities import Community, community_of


@dataclass(frozen=True)
class CircleView:
    """A circle as it is shown: its format, who holds which role, who comes, and who waits for room."""

    community: Community
    circle: Circle
    format: Format
    roles: dict[Role, CircleRole]
    coming: list[int] = field(default_factory=list[int])
    waiting: list[int] = field(default_factory=list[int])


def view_of(session: Session, circle: Circle, now: datetime) -> CircleView:
    """Return a circle as it is shown."""
    community = community_of(session, circle.community_id, now)
    answers = [each for each in answers_to(session, circle.id) if each.member_id is not None]
    roles = roles_in(session, circle.id)
    inside = with_room(circle, answers, roles)
    coming = [each.member_id for each in answers if each.kind is ComingKind.COMING]
    return CircleView(
        community=community,
        circle=circle,
        format=format_of(community, circle),
        roles=roles,
        coming=inside,
        waiting=[each for each in coming if each is not None and each not in inside],
    )


def draw_theme(session: Session, community: Community, now: datetime) -> Theme:
    """Return the theme of a circle nobody chose one for: half of the time of the element touched least lately."""
    rng = random.Random()  # noqa: S311 -- a draw among themes, no secret
    element = driest_element(session, community.id, now, rng) if rng.random() < 0.5 else None
    used = themes_used(session, community.id, now - REPEAT_AFTER)
    return our_circle_decks().draw_theme(community.language, used=used, now=now, rng=rng, element=element)


def words_of(theme: Theme) -> dict[str, Any]:
    """Return a theme's words as a circle's columns."""
    question, second_question = theme.questions
    return {
        "theme_id": theme.id,
        "title": theme.title,
        "intention": theme.intention,
        "opening": theme.opening,
        "question": question,
        "second_question": second_question,
        "closing": theme.closing,
        "tag": TAGS[theme.elements],
    }
