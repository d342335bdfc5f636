"""Who hosts a circle: invitations by rotation, roles taken and given back, and what happens when nobody hosts."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlmodel import Session

from bot.formats import Role
from bot.services.carrying import VANISHED, is_for_anyone, say_that_it_waits
from bot.services.circle_showing import begins_at, say_in_circle, show_circle, show_event, show_panel
from bot.services.offers import is_away
from bot.services.running import begin
from bot.store.circles import (
    Circle,
    CircleRole,
    CircleState,
    HostInvitation,
    Way,
    circle_key,
    hosting_now,
    invited_to_host,
    last_invited,
    roles_in,
    who_comes,
)
from bot.store.communities import Community, community_of
from bot.store.members import HostingWish, Member, members_who_would_host

MOST_INVITED = 3
"""People a wave invites to host; one more is invited to co-host."""


class Stage(StrEnum):
    """What a planned circle comes past on its way, in this order."""

    FIRST_WAVE = "first wave"
    SECOND_WAVE = "second wave"
    SETTLE = "settle"
    SOON = "soon"
    START = "start"
    WAITS = "waits"
    GIVE_UP = "give up"


STAGES = tuple(Stage)
BEFORE = {
    Stage.FIRST_WAVE: timedelta(days=7),
    Stage.SECOND_WAVE: timedelta(days=3),
    Stage.SETTLE: timedelta(days=1),
    Stage.SOON: timedelta(minutes=15),
    Stage.START: timedelta(0),
    Stage.WAITS: -VANISHED,
}
PATIENCE = {Way.LIVE: timedelta(hours=2), Way.WRITTEN: timedelta(hours=6)}
"""How long a circle that nobody begins waits after its time; then a written one begins by itself."""
TOO_LATE = timedelta(days=1)
"""So long after its time, as after Kith was off, a circle does not begin any more, and nobody is told."""
LATE = timedelta(minutes=30)
"""A reminder later than this would come after what it reminds of."""
NEVER = datetime.min.replace(tzinfo=UTC)


def stage_at(circle: Circle, stage: Stage) -> datetime:
    """Return when a planned circle comes past a stage."""
    if stage is Stage.GIVE_UP:
        return circle.starts_at + PATIENCE[circle.way]
    return circle.starts_at - BEFORE[stage]


def plan_stage(circle: Circle) -> None:
    """Let a planned circle be looked at when its next stage comes."""
    circle.next_at = stage_at(circle, STAGES[circle.stage]) if circle.stage < len(STAGES) else None


def start_over(session: Session, community: Community, circle: Circle, now: datetime) -> None:
    """Let a circle that is new or was moved come past the stages still ahead of it; waves missed become one, at once.

    Within a day of its time it goes without a host until somebody takes the hosting.
    """
    ahead = [number for number, stage in enumerate(STAGES) if stage_at(circle, stage) > now]
    circle.stage = ahead[0] if ahead else STAGES.index(Stage.START)
    plan_stage(circle)
    circle.hostless = _is_past(circle, Stage.SETTLE) and Role.HOST not in roles_in(session, circle.id)
    if _is_past(circle, Stage.FIRST_WAVE):
        invite(session, community, circle, now)


def _is_past(circle: Circle, stage: Stage) -> bool:
    return circle.stage > STAGES.index(stage)


def come_past(session: Session, community: Community, circle: Circle, now: datetime) -> None:
    """Do what the stage a planned circle has come to asks for, and plan the next."""
    stage, due_at = STAGES[circle.stage], circle.next_at
    assert due_at is not None
    circle.stage += 1
    plan_stage(circle)
    if stage is Stage.FIRST_WAVE and circle.next_at is not None and circle.next_at <= now:
        return  # Kith was off that long: the second wave is the first
    if stage in (Stage.FIRST_WAVE, Stage.SECOND_WAVE):
        invite(session, community, circle, now)
    elif stage is Stage.SETTLE:
        _settle(session, circle, now)
        show_event(session, circle, now)  # somebody may have deleted it, or the channel it is in
        _remind(session, circle, "tomorrow", due_at, now)
    elif stage is Stage.SOON:
        if circle.way is Way.LIVE:  # a written one lasts for days, and its thread says when it begins
            _remind(session, circle, "soon", due_at, now)
        if now < stage_at(circle, Stage.GIVE_UP) and _counts_on_somebody(session, circle):
            _show_first_panel(session, circle, now)  # from now on it may begin
    elif stage is Stage.START:
        _start(session, community, circle, now)
    elif stage is Stage.WAITS:
        _wait(session, circle, now)
    else:
        _give_up(session, community, circle, now)


def invite(session: Session, community: Community, circle: Circle, now: datetime) -> None:
    """Invite those who would like to host, least recently asked or hosting first, and one first-timer to co-host.

    Someone new co-hosts before they host. An invitation nobody answered counts as asked, and nobody is invited to a
    circle twice. Those who host another circle to come are the last to be asked, and those who are away now or then
    are not.
    """
    if circle.state is not CircleState.PLANNED or now >= circle.starts_at:
        return
    roles = roles_in(session, circle.id)
    before = {each.member_id for each in invited_to_host(session, circle.id)}
    holding = {each.member_id for each in roles.values()}
    willing = [
        each
        for each in members_who_would_host(session, community.id)
        if each.member_id not in before | holding
        and not any(is_away(each.away_until, each.zone or community.zone, at) for at in (now, circle.starts_at))
    ]
    busy, asked = hosting_now(session, community.id), last_invited(session, community.id)
    last = {each.member_id: max(each.hosted_at or NEVER, asked.get(each.member_id, NEVER)) for each in willing}
    willing.sort(key=lambda each: (each.member_id in busy, last[each.member_id]))
    invited: list[Member] = []
    if Role.HOST not in roles:
        invited += [each for each in willing if may_host(each)][:MOST_INVITED]
    if Role.CO_HOST not in roles:
        invited += [each for each in willing if not may_host(each)][:1]
    wave = max((each.wave for each in invited_to_host(session, circle.id)), default=0) + 1
    for each in invited:
        session.add(
            HostInvitation(
                circle_id=circle_key(circle),
                member_id=each.member_id,
                community_id=community.id,
                wave=wave,
                invited_at=now,
            )
        )
    if invited:
        say_in_circle(session, circle, f"invite:{wave}", now)


def may_host(member: Member) -> bool:
    """Tell whether a member would host by themselves: those who do it for the first time co-host."""
    return member.hosting is HostingWish.HOST and member.has_hosted


def take_role(session: Session, circle: Circle, role: Role, member_id: int, now: datetime) -> CircleRole:
    """Give a role to a member, in the place of one who offered it to them."""
    held = roles_in(session, circle.id).get(role)
    if held is not None:
        session.delete(held)
        session.flush()
    taken = CircleRole(
        circle_id=circle_key(circle),
        role=role,
        community_id=circle.community_id,
        member_id=member_id,
        taken_at=now,
    )
    session.add(taken)
    session.flush()
    if role is Role.HOST:
        circle.hostless = False
    return taken


def give_back(session: Session, circle: Circle, held: CircleRole, now: datetime) -> None:
    """Free a role; a circle that loses its host invites others, or within a day of its time goes without.

    Whoever gave the hosting back is not invited to it again.
    """
    session.delete(held)
    session.flush()
    if held.role in (Role.HOST, Role.CO_HOST):
        _note_declined(session, circle, held.member_id, now)
    if held.role is not Role.HOST:
        return
    if circle.state is CircleState.RUNNING or _is_past(circle, Stage.SETTLE):
        circle.hostless = True
    elif _is_past(circle, Stage.SECOND_WAVE):
        invite(session, community_of(session, circle.community_id, now), circle, now)


def _note_declined(session: Session, circle: Circle, member_id: int, now: datetime) -> None:
    invited = session.get(HostInvitation, (circle_key(circle), member_id))
    if invited is None:
        invited = HostInvitation(
            circle_id=circle_key(circle), member_id=member_id, community_id=circle.community_id, wave=0, invited_at=now
        )
        session.add(invited)
    invited.declined = True
    session.flush()


def _settle(session: Session, circle: Circle, now: datetime) -> None:
    if Role.HOST not in roles_in(session, circle.id):
        circle.hostless = True
        show_circle(session, circle, now)


def _remind(session: Session, circle: Circle, what: str, due_at: datetime, now: datetime) -> None:
    until = min(due_at + LATE, circle.starts_at)
    if now < until and who_comes(session, circle):
        say_in_circle(session, circle, f"{what}:{begins_at(circle)}", due_at, expires_at=until)


def _start(session: Session, community: Community, circle: Circle, now: datetime) -> None:
    until = stage_at(circle, Stage.GIVE_UP)
    if now >= until or not _counts_on_somebody(session, circle):
        _give_up(session, community, circle, now)
    elif circle.way is Way.WRITTEN and circle.hostless:
        begin(session, community, circle, now)
    else:
        if not circle.panel_version:  # it has a host only since
            _show_first_panel(session, circle, now)
        if circle.way is Way.WRITTEN:  # nobody is in a room with the others to be asked
            say_in_circle(session, circle, f"due:{begins_at(circle)}", now, expires_at=until)


def _counts_on_somebody(session: Session, circle: Circle) -> bool:
    return bool(who_comes(session, circle) or roles_in(session, circle.id))


def _show_first_panel(session: Session, circle: Circle, now: datetime) -> None:
    """Show the panel that a circle is begun with, unless the circle begins by itself."""
    if circle.way is Way.LIVE or not circle.hostless:
        show_panel(session, circle, now, anew=True)  # one that moved has an older panel, far up in its thread


def _wait(session: Session, circle: Circle, now: datetime) -> None:
    """Let the panel of a circle that nobody has begun say that anyone may now, and a live one's thread too."""
    until, roles = stage_at(circle, Stage.GIVE_UP), roles_in(session, circle.id)
    if now < until and is_for_anyone(circle, roles, now):
        show_panel(session, circle, now)
        if circle.way is Way.LIVE:
            say_that_it_waits(session, circle, roles, now, until)


def _give_up(session: Session, community: Community, circle: Circle, now: datetime) -> None:
    """Begin a written circle that people come to by itself; let any other go, and tell those who come."""
    is_awaited = now < circle.starts_at + TOO_LATE and bool(who_comes(session, circle))
    if circle.way is Way.WRITTEN and is_awaited:
        begin(session, community, circle, now)
        return
    circle.state, circle.next_at, circle.ended_at = CircleState.CANCELLED, None, now
    show_circle(session, circle, now, event=True)
    if circle.panel_version:
        show_panel(session, circle, now)
    if is_awaited:
        say_in_circle(session, circle, f"cancelled:{circle.said}", now)
