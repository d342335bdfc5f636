"""What each message about a circle shows, from the rows as they stand, and what the rows remember once it was said."""

from dataclasses import dataclass, field

from sqlmodel import Session

from bot.clock import Clock
from bot.courier import Needless, Said, Settle
from bot.database import Database, transaction
from bot.formats import Format, Role, Step
from bot.services.circle_showing import NEW
from bot.services.circle_views import CircleView, view_of
from bot.services.running import Group, format_of, groups_of, step_of
from bot.store.calls import Call, calls_for_everyone
from bot.store.circles import (
    Circle,
    CircleGroup,
    CircleState,
    Harvest,
    Seat,
    Way,
    group_of,
    harvest_of,
    invited_to_host,
    roles_in,
    seat_of,
    seats_in,
    who_comes,
    wishes_for,
)
from bot.store.communities import Community, community_of
from bot.store.deliveries import Delivery, DeliveryKind

CALLS_FROM = 4
"""The rung from which on a call is the first item of the next circle."""


@dataclass(frozen=True)
class CirclePanel:
    """A circle's panel: the step it is at (none before it begins and once it is closed), seats and groups.

    ``posts``: it is to be a new message; ``live_on`` else it edits the one there is.
    """

    view: CircleView
    step: Step | None
    number: int
    steps: int
    seats: list[Seat] = field(default_factory=list[Seat])
    groups: list[Group] = field(default_factory=list[Group])
    posts: bool = False


@dataclass(frozen=True)
class CircleWord:
    """Something said in a circle's thread: a word such as ``invite``, and what it is about.

    ``members`` are those it is for, by id; ``seat`` whose turn with the talking piece it is; ``group`` and its
    members; ``calls`` what waits for this circle's hearing; ``offered`` the role somebody offers.
    """

    view: CircleView
    what: str
    about: str
    members: list[int] = field(default_factory=list[int])
    seat: Seat | None = None
    group: CircleGroup | None = None
    offered: Role | None = None
    calls: list[Call] = field(default_factory=list[Call])
    harvest: Harvest | None = None
    wishes: list[str] = field(default_factory=list[str])


class CircleCards:
    """Tells the courier's hands what to show about a circle. Each method raises Needless when that is nothing now."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self._clock = clock

    @property
    def settle(self) -> dict[DeliveryKind, Settle]:
        """What to write when a delivery of each kind ended, in the same transaction."""
        return {
            DeliveryKind.CIRCLE: _settle_card,
            DeliveryKind.EVENT: _settle_event,
            DeliveryKind.PANEL: _settle_panel,
            DeliveryKind.CIRCLE_WORD: _settle_word,
        }

    @transaction
    def card(self, session: Session, delivery: Delivery) -> CircleView:
        """Return a circle as its card and its event show it."""
        circle, _community = self._circle(session, delivery)
        gone = circle.state in (CircleState.CANCELLED, CircleState.CLOSED)
        shown = circle.event_id if delivery.kind is DeliveryKind.EVENT else circle.message_id
        if gone and shown is None and delivery.attempt == 1:
            raise Needless("over")
        if delivery.kind is DeliveryKind.EVENT and circle.way is Way.WRITTEN and shown is None:
            raise Needless("written")
        return view_of(session, circle, self._clock.now())

    @transaction
    def panel(self, session: Session, delivery: Delivery) -> CirclePanel:
        """Return a circle's panel."""
        circle, community = self._circle(session, delivery)
        posts = delivery.key.endswith(NEW)
        over = circle.state in (CircleState.CANCELLED, CircleState.CLOSED)
        if (posts and over and delivery.attempt == 1) or (not posts and circle.panel_id is None):
            raise Needless("over" if over else "never-posted")
        seats = list(seats_in(session, circle.id, circle.step)) if circle.state is CircleState.RUNNING else []
        return CirclePanel(
            view=view_of(session, circle, self._clock.now()),
            step=step_of(community, circle) if circle.state is CircleState.RUNNING else None,
            number=circle.step + 1,
            steps=len(format_of(community, circle).steps),
            seats=seats,
            groups=groups_of(seats),
            posts=posts,
        )

    @transaction
    def word(self, session: Session, delivery: Delivery) -> CircleWord:
        """Return what else is said in a circle's thread."""
        circle, community = self._circle(session, delivery)
        what, about = what_of(delivery)
        if delivery.attempt == 1 and not _still_true(session, circle, what, about):
            raise Needless("no-longer")
        members: list[int] = []
        if what == "invite":
            invited = invited_to_host(session, circle.id)
            members = [each.member_id for each in invited if each.wave == int(about) and not each.declined]
        elif what in ("tomorrow", "soon", "moved", "cancelled", "harvest", "wishes"):
            members = who_comes(session, circle)
        offered = Role(about) if what == "offer" else None
        if offered is not None and (held := roles_in(session, circle.id).get(offered)) is not None:
            members = [each for each in (held.offered_to, held.member_id) if each is not None]
        waiting = list(calls_for_everyone(session, community.id, 5)) if what == "calls" else list[Call]()
        return CircleWord(
            view=view_of(session, circle, self._clock.now()),
            what=what,
            about=about,
            members=members,
            seat=seat_of(session, int(about)) if what == "piece" else None,
            group=group_of(session, int(about)) if what in ("group", "open") else None,
            offered=offered,
            calls=[each for each in waiting if each.rung >= CALLS_FROM],
            harvest=harvest_of(session, circle.id) if what == "gathered" else None,
        )

    @transaction
    def wishes(self, session: Session, community_id: int, circle_id: int) -> list[str]:
        """Return what members wish to happen next, without names, in no order that tells whose it is."""
        return sorted(each.words for each in wishes_for(session, community_id, circle_id))

    def _circle(self, session: Session, delivery: Delivery) -> tuple[Circle, Community]:
        circle = session.get(Circle, delivery.subject_id)
        if circle is None:
            raise Needless("gone")
        community = community_of(session, circle.community_id, self._clock.now())
        if not community.tended:
            raise Needless("left")
        return circle, community


def what_of(delivery: Delivery) -> tuple[str, str]:
    """Return what a word's key says: the word, and what it is about."""
    _count, what, about = delivery.key.split(":", 2)
    return what, about


def _still_true(session: Session, circle: Circle, what: str, about: str) -> bool:
    """Tell whether something planned earlier is still worth saying."""
    if what in ("invite", "free", "tomorrow", "soon", "moved"):
        if what in ("invite", "free") and Role.HOST in roles_in(session, circle.id):
            return False
        return circle.state is CircleState.PLANNED
    if what in ("bell", "calls"):
        return circle.state is CircleState.RUNNING
    if what == "time":
        return circle.state is CircleState.RUNNING and circle.step == int(about)
    if what == "piece":
        seat = seat_of(session, int(about))
        return seat is not None and circle.state is CircleState.RUNNING and seat.holds_until is not None
    if what == "offer":
        held = roles_in(session, circle.id).get(Role(about))
        return held is not None and held.offered_to is not None
    return True


def format_words(found: Format) -> str:
    """Return a format's title and what it is good for."""
    return f"{found.title}: {found.what}"


def _settle_card(session: Session, delivery: Delivery, said: Said | None) -> None:
    circle = session.get(Circle, delivery.subject_id)
    if circle is not None and said is not None:
        circle.channel_id, circle.message_id = said.channel_id, said.message_id


def _settle_event(session: Session, delivery: Delivery, said: Said | None) -> None:
    circle = session.get(Circle, delivery.subject_id)
    if circle is not None and said is not None:
        circle.event_id = said.message_id


def _settle_panel(session: Session, delivery: Delivery, said: Said | None) -> None:
    circle = session.get(Circle, delivery.subject_id)
    if circle is not None and said is not None and delivery.key.endswith(NEW):
        circle.panel_id = said.message_id


def _settle_word(session: Session, delivery: Delivery, said: Said | None) -> None:
    what, about = what_of(delivery)
    if said is None or said.message_id is None:
        return
    if what == "gathered" and (harvest := harvest_of(session, delivery.subject_id)) is not None:
        harvest.message_id = said.message_id
    if what == "group" and (group := group_of(session, int(about))) is not None:
        group.thread_id = said.channel_id
