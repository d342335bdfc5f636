"""What each message about a circle shows, from the rows as they stand, and what the rows remember once it was said."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from bot.clock import Clock
from bot.courier import Needless, Said, Settle
from bot.database import Database, transaction
from bot.formats import Kind, Role, Step
from bot.services.carrying import LEADS, is_for_anyone
from bot.services.circle_places import lose_place, settle_event
from bot.services.circle_showing import begins_at, show_circle, show_panel
from bot.services.circle_views import CircleView, view_of
from bot.services.groups import Group, group_at, groups_of, spoken_to, without_turn
from bot.services.hosting import may_host
from bot.services.running import CALLS_FROM, format_of, step_of
from bot.store.calls import Call, calls_for_everyone
from bot.store.circles import (
    Circle,
    CircleGroup,
    CircleState,
    Coming,
    Harvest,
    Seat,
    Way,
    circle_of,
    group_of,
    groups_in,
    harvest_of,
    invited_to_host,
    seat_of,
    seats_in,
)
from bot.store.communities import Community, community_of
from bot.store.deliveries import AGAIN, NEW, Delivery, DeliveryKind, event_settled_last, panel_followed
from bot.store.members import member_of
from bot.store.said_again import said_before, step_posted
from bot.store.summaries import is_confidential

NO_EVENTS = "no-events"
"""Why an event could not be made: Discord does not let Kith."""
OVER = (CircleState.CANCELLED, CircleState.CLOSED)
OF_ITS_TIME = ("tomorrow", "soon", "due", "moved")
"""Words about the time a circle had when they were planned."""
TO_WHO_COMES = ("tomorrow", "soon", "moved", "begun", "cancelled", "wishes")
DELETED = ("placeless", "eventless")
"""Words on what somebody deleted: the channel a circle was to meet in, its event."""
IN_GROUPS = ("group", "step", "open")
"""Words in a group's own thread: it is theirs, a step of theirs has begun, whoever turned away may turn back."""
NAMELESS = ("free", "calls", "gathered", "left")
"""Words with nobody's name or words in them, or (a harvest) drawn anew whenever it changes."""


@dataclass(frozen=True)
class CirclePanel:
    """A circle's panel: the step it is at (none before it begins and once it is closed), seats and groups.

    ``threads`` are the groups' in a written circle, by number, and ``without_turn`` those no turn to ask came to.
    ``posts``: it is to be a new message, else it edits the one there is; ``before`` is the step (-1: none) of the panel
    it follows, or of a former one drawn anew where that was ``posted`` (channel, message). ``anyone``: whoever sees it
    may press. ``confidential``: no summary is made of the thread. ``moot`` says in a word why it is not to be posted
    any more, though an earlier attempt may have been.
    """

    view: CircleView
    step: Step | None
    number: int
    steps: int
    seats: list[Seat] = field(default_factory=list[Seat])
    groups: list[Group] = field(default_factory=list[Group])
    threads: dict[int, int] = field(default_factory=dict[int, int])
    without_turn: list[int] = field(default_factory=list[int])
    posts: bool = False
    before: int = -1
    anyone: bool = False
    confidential: bool = False
    posted: tuple[int, int] | None = None
    moot: str = ""


@dataclass(frozen=True)
class CircleWord:
    """Something said in a circle's thread: a word such as ``invite``, and what it is about.

    ``members`` are those it is for, by id, and ``beside`` who of those invited would co-host; ``seat`` whose turn with
    the talking piece it is; ``group`` whose thread it is about, ``step`` what it is for, ``among`` who is in the group
    then, and ``goes_on`` the thread it goes on in afterwards; ``calls`` what waits for
    this circle's hearing; ``offered`` the role somebody offers, who is the last of ``members``. ``posted`` (channel,
    message) is where it was said before, when it is drawn anew. ``moot`` as in ``CirclePanel``.
    """

    view: CircleView
    what: str
    about: str
    members: list[int] = field(default_factory=list[int])
    beside: list[int] = field(default_factory=list[int])
    seat: Seat | None = None
    group: CircleGroup | None = None
    step: Step | None = None
    among: Group | None = None
    goes_on: int | None = None
    offered: Role | None = None
    calls: list[Call] = field(default_factory=list[Call])
    harvest: Harvest | None = None
    posted: tuple[int, int] | None = None
    moot: str = ""


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
            DeliveryKind.EVENT: settle_event,
            DeliveryKind.PANEL: _settle_panel,
            DeliveryKind.CIRCLE_WORD: _settle_word,
        }

    @transaction
    def card(self, session: Session, delivery: Delivery) -> CircleView:
        """Return a circle as its card and its event show it."""
        circle, _community = self._circle(session, delivery)
        gone = circle.state in OVER
        shown = circle.event_id if delivery.kind is DeliveryKind.EVENT else circle.message_id
        if gone and shown is None and delivery.attempt == 1:
            raise Needless("over")
        if delivery.kind is DeliveryKind.EVENT and circle.way is Way.WRITTEN and shown is None:
            raise Needless("written")
        return view_of(session, circle, self._clock.now())

    @transaction
    def without_place(self, session: Session, delivery: Delivery) -> CircleView:
        """Note that the channel a circle was to meet in is gone, and return it as it is shown then."""
        circle, _community = self._circle(session, delivery)
        lose_place(session, circle, self._clock.now())
        return view_of(session, circle, self._clock.now())

    @transaction
    def panel(self, session: Session, delivery: Delivery) -> CirclePanel:
        """Return a circle's panel."""
        circle, community = self._circle(session, delivery)
        if AGAIN in delivery.key:
            return self._former(session, delivery, circle, community)
        posts, over = delivery.key.endswith(NEW), circle.state in OVER
        if not posts and circle.panel_id is None:
            raise Needless("never-posted")
        moot = "followed" if panel_followed(session, delivery) else ""
        moot = "over" if posts and over else moot
        if moot and (not posts or delivery.attempt == 1):
            raise Needless(moot)
        step = step_of(community, circle) if circle.state is CircleState.RUNNING else None
        seats = list(seats_in(session, circle.id, circle.step)) if step is not None else []
        view, before = view_of(session, circle, self._clock.now()), step_posted(session, circle.id, circle.panel_id)
        return CirclePanel(
            view=view,
            step=step,
            number=circle.step + 1,
            steps=len(format_of(community, circle).steps),
            seats=seats,
            groups=groups_of(seats),
            threads=_threads_at(session, circle, step),
            without_turn=without_turn(session, circle, format_of(community, circle)) if step is not None else [],
            posts=posts,
            before=circle.step - 1 if before is None else before,
            anyone=is_for_anyone(circle, view.roles, self._clock.now()),
            confidential=circle.message_id is not None and is_confidential(session, community.id, circle.message_id),
            moot=moot,
        )

    def _former(self, session: Session, delivery: Delivery, circle: Circle, community: Community) -> CirclePanel:
        """Return a panel that others have followed, and that said words which are no more."""
        posted, steps = said_before(session, delivery), format_of(community, circle).steps
        number = int(delivery.key.split(":")[1])
        if posted is None or number >= len(steps):
            raise Needless("never-said")
        view, step = view_of(session, circle, self._clock.now()), steps[max(number, 0)] if circle.began_at else None
        return CirclePanel(view, step, number + 2, len(steps), before=number, posted=posted)

    @transaction
    def word(self, session: Session, delivery: Delivery) -> CircleWord:
        """Return what else is said in a circle's thread."""
        circle, community = self._circle(session, delivery)
        what, about = what_of(delivery)
        posted = said_before(session, delivery) if AGAIN in delivery.key else None
        if AGAIN in delivery.key and posted is None:
            raise Needless("never-said")
        now = self._clock.now()
        view = view_of(session, circle, now)
        group = group_of(session, int(about.partition(".")[0])) if what in IN_GROUPS else None
        seat = seat_of(session, int(about)) if what in ("piece", "moved_on") else None
        number = _step_about(what, about, group)
        step = view.format.steps[number] if 0 <= number < len(view.format.steps) else None
        among = group_at(session, group, number) if group is not None else None
        members = _members_of(session, view, what, about, seat)
        if group is not None and among is not None:
            members = spoken_to(what, group, step, among)
        moot = "" if posted or _still_true(session, view, what, about, members, now) else "no-longer"
        if moot and delivery.attempt == 1:
            raise Needless(moot)
        waiting = calls_for_everyone(session, community.id, 5, from_rung=CALLS_FROM) if what == "calls" else ()
        return CircleWord(
            view=view,
            what=what,
            about=about,
            members=members,
            beside=[
                each for each in members if what == "invite" and not may_host(member_of(session, community.id, each))
            ],
            seat=seat,
            group=group,
            step=step,
            among=among,
            goes_on=_thread_now(session, circle, step_of(community, circle), group) if what == "open" else None,
            offered=Role(about) if what == "offer" else None,
            calls=list(waiting),
            harvest=harvest_of(session, circle.id) if what == "gathered" else None,
            posted=posted,
            moot=moot,
        )

    @transaction
    def events_are_refused(self, session: Session, community_id: int) -> bool:
        """Tell whether a community's hosts were told that Kith may make no events, and it made none since."""
        last = event_settled_last(session, community_id, NO_EVENTS)
        return last is not None and last.reason == NO_EVENTS

    def _circle(self, session: Session, delivery: Delivery) -> tuple[Circle, Community]:
        circle = session.get(Circle, delivery.subject_id)
        if circle is None:
            raise Needless("gone")
        community = community_of(session, circle.community_id, self._clock.now())
        if not community.tended:
            raise Needless("left")
        return circle, community


def _threads_at(session: Session, circle: Circle, step: Step | None) -> dict[int, int]:
    """Return the threads of a step's groups by number: one without the asker, while a group goes on in it."""
    if step is None or step.kind not in (Kind.GROUPS, Kind.AWAY):
        return {}
    in_use = {
        each.number: each.thread_id
        for each in groups_in(session, circle.id)
        if not each.away or each.step == circle.step
    }
    return {number: thread_id for number, thread_id in in_use.items() if thread_id is not None}


def _thread_now(session: Session, circle: Circle, step: Step | None, group: CircleGroup | None) -> int | None:
    """Return the thread in which a group goes on, while its circle runs."""
    if group is None or circle.state is not CircleState.RUNNING:
        return None
    return _threads_at(session, circle, step).get(group.number)


def _step_about(what: str, about: str, group: CircleGroup | None) -> int:
    """Return which step a word is about: one said in a group's thread later names it, ``5.7``."""
    if what in ("time", "waits"):
        return int(about)
    return -1 if group is None else int(about.partition(".")[2] or group.step)


def _members_of(session: Session, view: CircleView, what: str, about: str, seat: Seat | None) -> list[int]:
    """Return whom a word is for."""
    if what == "invite":
        return _invited(session, view, int(about))
    if what in TO_WHO_COMES:
        return view.coming
    if what == "room":
        answer = session.get(Coming, int(about))
        return [each for each in view.coming if answer is not None and each == answer.member_id]
    if what == "offer":
        held = view.roles.get(Role(about))
        return [] if held is None or held.offered_to is None else [held.offered_to, held.member_id]
    if what == "harvest":
        held = view.roles.get(Role.HARVESTER) or view.roles.get(Role.HOST) or view.roles.get(Role.CO_HOST)
        return view.coming if held is None else [held.member_id]
    if what == "due":
        return list(dict.fromkeys(view.roles[each].member_id for each in LEADS if each in view.roles))
    if what == "waits":
        return _in_place_of_the_host(view)
    if what in ("time", *DELETED):
        held = view.roles.get(Role.HOST) or view.roles.get(Role.CO_HOST) or view.roles.get(Role.GUARDIAN)
        return [] if held is None else [held.member_id]
    if seat is not None:
        return [] if seat.member_id is None else [seat.member_id]
    return []


def _in_place_of_the_host(view: CircleView) -> list[int]:
    """Return who is asked to press for a host who is not there: to begin, where there are no such roles, all others."""
    host = view.roles.get(Role.HOST)
    held = [view.roles[each].member_id for each in (Role.GUARDIAN, Role.CO_HOST) if each in view.roles]
    asked = held if held or view.circle.state is CircleState.RUNNING else view.coming
    return [each for each in dict.fromkeys(asked) if host is None or each != host.member_id]


def _invited(session: Session, view: CircleView, wave: int) -> list[int]:
    """Return whom a wave still invites: to host while nobody does, and to co-host those who would for a first time."""
    invited = [
        each.member_id for each in invited_to_host(session, view.circle.id) if each.wave == wave and not each.declined
    ]
    would_host = {each: may_host(member_of(session, view.community.id, each)) for each in invited}
    return [each for each in invited if (Role.HOST if would_host[each] else Role.CO_HOST) not in view.roles]


def what_of(delivery: Delivery) -> tuple[str, str]:
    """Return what a word's key says: the word, and what it is about."""
    _count, what, about = delivery.key.partition(AGAIN)[0].split(":", 2)
    return what, about


def _still_true(session: Session, view: CircleView, what: str, about: str, members: list[int], now: datetime) -> bool:
    """Tell whether something planned earlier is still worth saying."""
    circle = view.circle
    if (what == "offer" and circle.state in OVER) or (what in OF_ITS_TIME and about != begins_at(circle)):
        return False
    if what in ("invite", "free", *DELETED, *OF_ITS_TIME):
        placed = what == "placeless" and bool(circle.place_id or circle.link)
        taken = (what == "invite" and not members) or (what == "free" and Role.HOST in view.roles)
        return circle.state is CircleState.PLANNED and not (taken or placed)
    if what == "room":
        return circle.state not in OVER and bool(members)
    if what == "waits":
        waits = circle.state not in OVER and circle.step == int(about) and not circle.hostless
        return waits and is_for_anyone(circle, view.roles, now)
    if what in ("bell", "calls", "begun"):
        return circle.state is CircleState.RUNNING
    if what == "time":
        return circle.state is CircleState.RUNNING and circle.step == int(about)
    if what == "piece":
        seat = seat_of(session, int(about))
        return seat is not None and circle.state is CircleState.RUNNING and seat.holds_until is not None
    if what == "offer":
        return bool(members)
    if what in ("group", "step"):
        passed = what == "step" and circle.step != int(about.partition(".")[2])
        return circle.state is CircleState.RUNNING and bool(members) and not passed
    return what != "open" or bool(members)


def _settle_card(session: Session, delivery: Delivery, said: Said | None) -> None:
    """Keep where the card is. One whose channel is gone comes anew once the community has chosen another."""
    circle = circle_of(session, delivery.community_id, delivery.subject_id)
    if circle is None:
        return
    if said is not None:
        circle.channel_id, circle.message_id = said.channel_id, said.message_id
        return
    chosen = session.get_one(Community, circle.community_id).circles_channel_id
    if delivery.reason != "channel-gone" or chosen in (None, circle.channel_id) or circle.state in OVER:
        return
    assert delivery.settled_at is not None
    circle.channel_id, circle.message_id, circle.panel_id = chosen, None, None
    for group in groups_in(session, circle.id):  # their threads went with the channel
        session.delete(group)
    show_circle(session, circle, delivery.settled_at, event=True)
    if circle.panel_version:
        show_panel(session, circle, delivery.settled_at, anew=True)


def _settle_panel(session: Session, delivery: Delivery, said: Said | None) -> None:
    circle = session.get(Circle, delivery.subject_id)
    if circle is not None and said is not None and delivery.key.endswith(NEW):
        circle.panel_id = said.message_id


def _settle_word(session: Session, delivery: Delivery, said: Said | None) -> None:
    """Keep where a harvest and a group's thread are; the panel then shows the way to the thread."""
    what, about = what_of(delivery)
    if said is None or said.message_id is None or AGAIN in delivery.key:
        return
    if what == "gathered" and (harvest := harvest_of(session, delivery.subject_id)) is not None:
        harvest.message_id = said.message_id
    if what == "group" and (group := group_of(session, int(about))) is not None:
        group.thread_id = said.channel_id
        circle = circle_of(session, delivery.community_id, delivery.subject_id)
        if circle is not None and circle.state is CircleState.RUNNING and circle.step == group.step:
            assert delivery.settled_at is not None
            show_panel(session, circle, delivery.settled_at)
