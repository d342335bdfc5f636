"""Announces the circles of rhythms."""

from datetime import datetime

from sqlmodel import Session

from bot.database import insert_if_new
from bot.services.circle_showing import show_circle
from bot.services.circle_views import draw_theme, words_of
from bot.services.hosting import start_over
from bot.services.rhythm_kinds import USUAL_FORMAT
from bot.services.rhythms import come_round
from bot.store.circles import Circle, circle_of_rhythm
from bot.store.communities import community_of
from bot.store.rhythms import Rhythm, Way


def announce(session: Session, rhythm: Rhythm, now: datetime) -> None:
    """Announce the circle a rhythm comes round with, once for each of its dates."""
    slot, _following = come_round(rhythm, now)
    if slot.instant <= now:
        return  # Kith was off when it would have been announced; the next one's turn comes in the next tick
    community = community_of(session, rhythm.community_id, now)
    theme = draw_theme(session, community, now)
    fresh = Circle(
        community_id=community.id,
        rhythm_id=rhythm.id,
        day=slot.day,
        format_id=rhythm.format_id or USUAL_FORMAT,
        way=rhythm.way or Way.WRITTEN,
        place_id=rhythm.place_id,
        link=rhythm.link,
        room=rhythm.room,
        starts_at=slot.instant,
        channel_id=community.circles_channel_id,
        **words_of(theme),
    )
    if insert_if_new(session, Circle, fresh.model_dump(exclude={"id"})):
        circle = circle_of_rhythm(session, rhythm.id, slot.day)
        show_circle(session, circle, now, event=True)
        start_over(session, community, circle, now)
