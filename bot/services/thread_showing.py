"""Plans that whatever card a thread of Kith's belongs to shows it as it stands."""

from datetime import datetime

from sqlmodel import Session, select

from bot.services.circle_showing import show_panel
from bot.services.ladder import show_call
from bot.services.showing import show_weaving
from bot.store.calls import CallState, call_with_thread
from bot.store.checkins import round_with_card
from bot.store.circles import Circle, CircleState


def show_thread(session: Session, community_id: int, thread_id: int, now: datetime) -> None:
    """Plan that a call's card, a round's weaving or a running circle's panel says whether a thread is confidential."""
    call = call_with_thread(session, community_id, thread_id)
    if call is not None and call.message_id is not None and call.state is not CallState.WITHDRAWN:
        show_call(session, call, now)
    woven = round_with_card(session, community_id, thread_id)
    if woven is not None and woven.weaving_version:  # also while it is on its way
        show_weaving(session, woven, now)
    running = select(Circle).where(
        Circle.message_id == thread_id, Circle.community_id == community_id, Circle.state == CircleState.RUNNING
    )
    for circle in session.exec(running):
        show_panel(session, circle, now)
