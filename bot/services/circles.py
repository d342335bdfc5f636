"""Learning circles: proposing one, the circle rhythm, coming, taking a role, moving and cancelling."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlmodel import Session

from bot.circle_deck import our_circle_decks
from bot.clock import Clock
from bot.database import AFTER_A_FAULT, Database, insert_if_new, kept_apart, transaction
from bot.errors import Refusal
from bot.formats import Role, our_formats
from bot.language import _
from bot.services.announcing import announce
from bot.services.circle_harvests import Gathered, gathered
from bot.services.circle_places import move_to
from bot.services.circle_showing import begins_at, planned_together, say_in_circle, show_circle, show_panel
from bot.services.circle_views import CircleView, draw_theme, view_of, words_of
from bot.services.hosting import come_past, start_over, take_role
from bot.services.leaving import free, leave, tell_who_moved_up
from bot.services.people import Person, is_host, require_begun, require_host
from bot.services.running import tend_running
from bot.services.words import check_line, visible
from bot.store.circles import (
    Circle,
    CircleRole,
    CircleState,
    Coming,
    ComingKind,
    Way,
    answer_of,
    circle_key,
    circle_of,
    circle_requested_by,
    circles_due,
    coming_circles,
    invited_to_host,
    roles_in,
    who_comes,
)
from bot.store.circles_ahead import read_ahead
from bot.store.communities import Community, community_of, one_at_a_time
from bot.store.members import member_of
from bot.store.rhythms import RhythmKind, rhythms_due

LEAD = timedelta(days=7)
"""How long before its time a circle of a rhythm is announced: hosts are invited from then on."""
LONGEST_TITLE = 100
LONGEST_INTENTION = 300
SOONEST, LATEST = timedelta(minutes=20), timedelta(days=366)
MOST_COMING = 20
"""Circles to come in one community; beyond that they are a calendar nobody reads."""
MOST_ROOM = 100
BESIDE = {Role.HOST: Role.CO_HOST, Role.CO_HOST: Role.HOST}
AT_ONCE = 50


@dataclass(frozen=True)
class NewCircle:
    """What a member proposes: a theme of the deck by its title, their own without the deck's words, or one drawn."""

    starts_at: datetime
    format_id: str
    way: Way
    title: str = ""
    intention: str = ""
    place_id: int | None = None
    link: str = ""
    room: int | None = None


@dataclass(frozen=True)
class Answer:
    """What became of a press on a circle's card; ``again``: it stood so already; ``waits``: there was no room."""

    view: CircleView
    role: Role | None = None
    again: bool = False
    waits: bool = False


class Circles:
    """Keeps circles until they begin, and lets those that run go on. All look-ups are within one community."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self._clock = clock

    async def tend(self) -> None:
        """Announce the circles of rhythms, and do what is due for each circle, all that was missed in order."""
        while await self.open_due() == AT_ONCE:
            pass
        while await self.tend_due():
            pass

    @transaction
    def open_due(self, session: Session) -> int:
        """Announce the next circle of each rhythm a week before its time; return how many came round."""
        now = self._clock.now()
        due = rhythms_due(session, RhythmKind.CIRCLE, now + LEAD, AT_ONCE)
        for rhythm in due:
            if not kept_apart(session, f"rhythm {rhythm.id}", partial(announce, session, rhythm, now)):
                rhythm.next_at = now + LEAD + AFTER_A_FAULT
        return len(due)

    @transaction
    def tend_due(self, session: Session) -> int:
        """Do one thing for each circle something is due for; return for how many it was."""
        now = self._clock.now()
        due = circles_due(session, now, AT_ONCE)
        if due and not kept_apart(session, "a circle of those due", partial(_tend, session, due, now)):
            for circle in due:  # all again, one by one: the sound ones go on
                if not kept_apart(session, f"circle {circle.id}", partial(_tend, session, [circle], now)):
                    circle.next_at = now + AFTER_A_FAULT
        return len(due)

    @transaction
    def upcoming(self, session: Session, community_id: int, limit: int) -> list[CircleView]:
        """Return a community's circles that run or are to come, soonest first."""
        return [view_of(session, each, self._clock.now()) for each in coming_circles(session, community_id, limit)]

    @transaction
    def gathered(self, session: Session, community_id: int, readable: Collection[int], limit: int) -> list[Gathered]:
        """Return what circles that are over have left in ``readable`` channels, those over last first."""
        return gathered(session, community_id, readable, limit)

    @transaction
    def find(self, session: Session, community_id: int, circle_id: int) -> CircleView:
        """Return one circle. Raises Refusal when it isn't there."""
        return view_of(session, self._circle(session, community_id, circle_id), self._clock.now())

    @transaction
    def propose(
        self, session: Session, community_id: int, person: Person, new: NewCircle, request_id: int
    ) -> CircleView:
        """Announce a circle a member proposes, who hosts it unless it would be their first time: then they co-host.

        The same request delivered twice announces one. Raises Refusal for a time that is past or over a year off, a
        format that doesn't suit the way, a title over 100 characters, room for fewer than two, too many circles to
        come, or no channel.
        """
        now = self._clock.now()
        community = self._tended(session, community_id)
        one_at_a_time(session, community_id)
        there = circle_requested_by(session, community_id, request_id)
        if there is not None:
            return view_of(session, there, now)
        if not now + SOONEST <= new.starts_at <= now + LATEST:
            raise Refusal(_("Choose a time at least twenty minutes from now and within a year."))
        format_ = our_formats().format(community.language, new.format_id)
        if format_ is None or not (format_.live if new.way is Way.LIVE else format_.written):
            raise Refusal(_("That format does not suit this way of meeting. Choose another format, or the other way."))
        if new.room is not None and not 2 <= new.room <= MOST_ROOM:
            raise Refusal(_("A circle has room for 2 to 100. Choose a number in between, or none for everyone."))
        if len(coming_circles(session, community_id, MOST_COMING)) >= MOST_COMING:
            raise Refusal(
                _("Twenty circles are to come already. Join one of them, or propose yours when some are over.")
            )
        if not new.title.strip():
            words = words_of(draw_theme(session, community, now))
        elif theme := our_circle_decks().titled(community.language, new.title):
            words = words_of(theme)
        else:
            words: dict[str, Any] = {"title": check_line(new.title, LONGEST_TITLE)}
        if new.intention.strip():
            words["intention"] = check_line(new.intention, LONGEST_INTENTION)
        circle = Circle(
            community_id=community_id,
            proposer_id=person.member_id,
            request_id=request_id,
            format_id=format_.id,
            way=new.way,
            place_id=new.place_id,
            link=" ".join(visible(new.link).split())[:200],
            room=new.room,
            starts_at=new.starts_at,
            channel_id=community.circles_channel_id,
            **words,
        )
        session.add(circle)
        session.flush()
        self._answer(session, circle, person.member_id, ComingKind.COMING, now)
        role = Role.HOST if _may_hold(session, community, person) else Role.CO_HOST
        take_role(session, circle, role, person.member_id, now)
        show_circle(session, circle, now, event=True)
        start_over(session, community, circle, now)
        return view_of(session, circle, now)

    @transaction
    def answer(self, session: Session, community_id: int, person: Person, circle_id: int, kind: ComingKind) -> Answer:
        """Note whether a member comes; where there is no room they wait for some. Who doesn't come gives up roles."""
        circle, now = self._open(session, community_id, circle_id), self._clock.now()
        before = {*who_comes(session, circle), person.member_id}
        again = self._answer(session, circle, person.member_id, kind, now)
        if kind is ComingKind.NOT:
            leave(session, circle, person.member_id, now)
        tell_who_moved_up(session, circle, before, now)
        if not again:
            show_circle(session, circle, now)
        view = view_of(session, circle, now)
        return Answer(view, again=again, waits=person.member_id in view.waiting)

    def _answer(self, session: Session, circle: Circle, member_id: int, kind: ComingKind, now: datetime) -> bool:
        fresh = Coming(
            circle_id=circle_key(circle),
            community_id=circle.community_id,
            member_id=member_id,
            kind=kind,
            answered_at=now,
        )
        if insert_if_new(session, Coming, fresh.model_dump(exclude={"id"})):
            return False
        answer = answer_of(session, circle.id, member_id)
        assert answer is not None
        again = answer.kind is kind
        if not again:
            answer.kind, answer.answered_at = kind, now
        session.flush()
        return again

    @transaction
    def take(self, session: Session, community_id: int, person: Person, circle_id: int, asked: Role) -> Answer:
        """Give a role to a member who would take it, and so comes; the first time a host is a co-host.

        Raises Refusal when somebody else holds it and has not offered it to them.
        """
        circle, now = self._open(session, community_id, circle_id), self._clock.now()
        roles, role = roles_in(session, circle.id), asked
        held = roles.get(role)
        is_theirs = held is not None and held.member_id == person.member_id
        if role is Role.HOST and not (
            is_theirs or _may_hold(session, community_of(session, community_id, now), person)
        ):
            role = Role.CO_HOST
            held = roles.get(role)
        if held is not None and held.member_id == person.member_id:
            return Answer(view_of(session, circle, now), role, again=True)
        if held is not None and held.offered_to != person.member_id:
            sentence = _("{name} has taken that already. Another role may be free, or they can offer it to you.")
            if role is not asked:
                sentence = _(
                    "The first time one stands beside a host, and {name} does so here. Another role may be free, or "
                    "the place beside the host of a later circle: /circle shows them."
                )
            raise Refusal(sentence.format(name=f"<@{held.member_id}>"))
        take_role(session, circle, role, person.member_id, now)
        other = roles.get(BESIDE[role]) if role in BESIDE else None
        if other is not None and other.member_id == person.member_id:  # nobody stands beside themselves
            if role is Role.HOST:
                session.delete(other)
            else:
                free(session, circle, other, now)
        self._answer(session, circle, person.member_id, ComingKind.COMING, now)
        show_circle(session, circle, now)
        if circle.panel_version:
            show_panel(session, circle, now)
        return Answer(view_of(session, circle, now), role)

    @transaction
    def give_back(self, session: Session, community_id: int, person: Person, circle_id: int, role: Role) -> Answer:
        """Free a role a member holds, for others to take. Raises Refusal when it isn't theirs."""
        circle, now = self._open(session, community_id, circle_id), self._clock.now()
        free(session, circle, self._theirs(session, circle, person, role), now)
        show_circle(session, circle, now)
        return Answer(view_of(session, circle, now), role)

    @transaction
    def offer(
        self, session: Session, community_id: int, person: Person, circle_id: int, role: Role, other_id: int
    ) -> Answer:
        """Offer a role to another member, who is asked in the thread; it stays until they take it."""
        circle, now = self._open(session, community_id, circle_id), self._clock.now()
        held = self._theirs(session, circle, person, role)
        if other_id == person.member_id:
            raise Refusal(_("That is you. Choose whom you offer it to, or press *Give it back*."))
        again = held.offered_to == other_id
        held.offered_to = other_id
        if not again:
            say_in_circle(session, circle, f"offer:{role.value}", now)
        return Answer(view_of(session, circle, now), role, again=again)

    @transaction
    def decline(self, session: Session, community_id: int, person: Person, circle_id: int) -> Answer:
        """Note that a member who was invited does not host this time; the hosting they had taken is free again."""
        circle, now = self._open(session, community_id, circle_id), self._clock.now()
        invited = next(
            (each for each in invited_to_host(session, circle.id) if each.member_id == person.member_id), None
        )
        if invited is None:
            raise Refusal(_("You were not invited to host this one. *I'll host* on its card takes it, if it is free."))
        again, invited.declined = invited.declined, True
        for held in roles_in(session, circle.id).values():
            if held.role in BESIDE and held.member_id == person.member_id:
                again = False
                free(session, circle, held, now)
                show_circle(session, circle, now)
        return Answer(view_of(session, circle, now), again=again)

    @transaction
    def move(
        self,
        session: Session,
        community_id: int,
        person: Person,
        circle_id: int,
        starts_at: datetime,
        place_id: int | None = None,
        link: str = "",
    ) -> CircleView:
        """Move one circle to another time, a live one to another place; its rhythm stays.

        For hosts, its own host and its proposer. Raises Refusal for anyone else, once it has begun, or for another
        time that is past or over a year off.
        """
        circle, now = self._changeable(session, community_id, person, circle_id), self._clock.now()
        at_another_time = circle.starts_at != starts_at
        if at_another_time and not now + SOONEST <= starts_at <= now + LATEST:
            raise Refusal(_("Choose a time at least twenty minutes from now and within a year."))
        if move_to(circle, place_id, link) or at_another_time:
            circle.starts_at = starts_at
            show_circle(session, circle, now, event=True)
            if circle.panel_version:
                show_panel(session, circle, now)
            say_in_circle(session, circle, f"moved:{begins_at(circle)}", now)
        if at_another_time:
            start_over(session, community_of(session, community_id, now), circle, now)
        return view_of(session, circle, now)

    @transaction
    def cancel(self, session: Session, community_id: int, person: Person, circle_id: int) -> CircleView:
        """Cancel one circle; its rhythm stays. Raises Refusal as ``move`` does."""
        circle, now = self._circle(session, community_id, circle_id), self._clock.now()
        if circle.state is CircleState.CANCELLED:
            return view_of(session, circle, now)
        self._changeable(session, community_id, person, circle_id)
        circle.state, circle.next_at, circle.ended_at = CircleState.CANCELLED, None, now
        show_circle(session, circle, now, event=True)
        if circle.panel_version:
            show_panel(session, circle, now)
        say_in_circle(session, circle, f"cancelled:{circle.said}", now)
        return view_of(session, circle, now)

    def _changeable(self, session: Session, community_id: int, person: Person, circle_id: int) -> Circle:
        circle = self._open(session, community_id, circle_id)
        held = roles_in(session, circle.id).get(Role.HOST)
        own = person.member_id in {circle.proposer_id, held.member_id if held else None}
        if not own:
            require_host(community_of(session, community_id, self._clock.now()), person)
        if circle.state is not CircleState.PLANNED:
            raise Refusal(_("This circle has begun already, so it stays where it is. *Close* on its panel ends it."))
        return circle

    def _theirs(self, session: Session, circle: Circle, person: Person, role: Role) -> CircleRole:
        held = roles_in(session, circle.id).get(role)
        if held is None or held.member_id != person.member_id:
            raise Refusal(_("You don't hold that role in this circle, so there is nothing to give back."))
        return held

    def _circle(self, session: Session, community_id: int, circle_id: int) -> Circle:
        circle = circle_of(session, community_id, circle_id)
        if circle is None:
            raise Refusal(_("That circle is not here any more. /circle shows those to come."))
        return circle

    def _open(self, session: Session, community_id: int, circle_id: int) -> Circle:
        circle = self._circle(session, community_id, circle_id)
        if circle.state is CircleState.CANCELLED:
            raise Refusal(_("This circle does not take place. /circle shows those to come."))
        if circle.state is CircleState.CLOSED:
            raise Refusal(_("This circle is over. /circle shows those to come."))
        return circle

    def _tended(self, session: Session, community_id: int) -> Community:
        community = community_of(session, community_id, self._clock.now())
        require_begun(community)
        if community.circles_channel_id is None:
            raise Refusal(
                _("Circles have no channel yet. Someone with *Manage Server* can choose one in /setup start; try then.")
            )
        return community


def _tend(session: Session, due: Sequence[Circle], now: datetime) -> None:
    read_ahead(session, [each for each in due if each.state is CircleState.RUNNING])
    with planned_together(session):
        for circle in due:
            community = community_of(session, circle.community_id, now)
            if circle.state is CircleState.PLANNED:
                come_past(session, community, circle, now)
            else:
                tend_running(session, community, circle, now)


def _may_hold(session: Session, community: Community, person: Person) -> bool:
    """Tell whether a person may hold a circle by themselves: those who do it for the first time co-host."""
    return member_of(session, community.id, person.member_id).has_hosted or is_host(community, person)
