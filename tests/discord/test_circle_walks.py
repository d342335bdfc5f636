"""Every format, live and in writing, from *Begin* to *Close*, as those in the circle see it.

What is expected is read from the formats alone: a file added to prompts/en/formats is walked through too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from simcord import ChannelHandle, InteractionResult, MemberActor
from simcord.enums import ChannelType

from bot.circle_deck import Theme, our_circle_decks
from bot.formats import Format, Kind, Role, Step, our_formats
from bot.store.calls import Urgency
from bot.store.rhythms import Way
from tests.discord.circle_scene import in_thread, run
from tests.discord.scene import Scene, Seen, labels_of, said
from tests.discord.test_call_cards import begin, mentions, send
from tests.discord.test_call_cards import found as as_it_stands
from tests.discord.test_circles import card, cards, coming, fill, open_form, press

PIECE = {"I spoke": "Thank you.", "Pass": "Passing is a full answer.", "Silence": "Your silence has its place here."}
GOES_ON = "The talking piece goes on."
ON_TO_THE_NEXT = "Everyone has had the talking piece; the next step is on its way to the thread."
CLOSES = "Everyone has had the talking piece, and with that the circle is closed."
CARRIED = ["Next", "Bell", "Close", "Confidential"]
"""What carries a circle, beside the button that gives a step more time and says how much."""
GROUP = re.compile(r"^- <@.+?(?: · <@(?P<away>\d+)> turns away)?(?: · <#(?P<thread>\d+)>)?$", re.MULTILINE)
WALKS = [
    pytest.param(each, way, id=f"{each.id}-{way}")
    for each in our_formats().all("en")
    for way in Way
    if (each.live if way is Way.LIVE else each.written)
]


@dataclass
class Walk:
    """A circle that is gone through: who is in it, the host first, and what the step before left behind."""

    scene: Scene
    found: Format
    way: Way
    people: list[MemberActor]
    theme: Theme
    thread: ChannelHandle
    groups: list[set[int]] = field(default_factory=list[set[int]])
    hidden: list[tuple[ChannelHandle, int]] = field(default_factory=list[tuple[ChannelHandle, int]])
    turned_away: list[int] = field(default_factory=list[int])

    @property
    def host(self) -> MemberActor:
        """Whoever hosts it."""
        return self.people[0]

    @property
    def seen(self) -> list[Seen]:
        """What stands in its thread."""
        return [each for each in self.scene.messages(self.thread) if each.components_raw]

    @property
    def panel(self) -> Seen:
        """Its panel: the only message that can be gone on from."""
        [panel] = [each for each in self.seen if "Next" in labels_of(each.components_raw)]
        return panel

    def words(self, step: Step) -> str:
        """What is said at a step, with this circle's theme in it."""
        theme, (question, second) = self.theme, self.theme.questions
        parts = {"intention": theme.intention, "opening": theme.opening, "closing": theme.closing}
        return step.say.format(theme=theme.title, question=question, second_question=second, **parts)

    def place(self, channel_id: int) -> ChannelHandle:
        """Return a thread."""
        return ChannelHandle(self.scene.env, self.scene.guild, self.scene.env.backend.get_channel(channel_id))

    @property
    def more_time(self) -> str:
        """The button that gives a step more time: +2 minutes."""
        [label] = [each for each in labels_of(self.panel.components_raw) if each.startswith("+")]
        return label

    async def click(self, who: MemberActor, label: str) -> InteractionResult:
        """Press a button on the newest message that has it."""
        newest = [each.id for each in self.seen if label in labels_of(each.components_raw)][-1]
        return await who.click(self.scene.message(self.thread, newest), label=label)


def how_many(found: Format) -> int:
    """Return so many people that two of a format's largest groups are whole, if it suits so many."""
    least, most = found.people
    return min(most, max(least, *(2 * (step.size or 0) for step in found.steps)))


def names(people: Sequence[MemberActor]) -> str:
    """Return people's names as they stand in one line."""
    return ", ".join(each.mention for each in people)


async def begun(scene: Scene, found: Format, way: Way) -> Walk:
    """Have the host propose a circle, others come and take what roles there are, and the host begin it at its time."""
    await scene.begin(zone="UTC")
    place = {"place": [scene.guild.create_voice_channel("the hearth")]} if way is Way.LIVE else {}
    when = f"{scene.env.now() + timedelta(minutes=30):%Y-%m-%d %H:%M}"
    await fill(scene.host, await open_form(scene, scene.host), when, format=[found.id], **place)
    await scene.tick()
    others = [scene.ada, scene.bo, *(scene.member(f"guest {number}") for number in range(3, how_many(found)))]
    people = [scene.host, *others[: how_many(found) - 1]]
    for each in people[1:]:
        assert "Good that you come" in said(await each.click(card(scene), label="Come"))
    if Role.HARVESTER in found.roles:
        await people[1].click(card(scene), label="Harvester")
    [planned] = await coming(scene)
    theme = our_circle_decks().theme("en", planned.circle.theme_id or "")
    assert theme is not None
    await scene.later(minutes=30)
    for words in (theme.title, theme.intention, *theme.questions, f"**Format:** {found.title}.", names(people)):
        assert words in cards(scene)[-1].text
    walk = Walk(scene, found, way, people, theme, scene.thread(card(scene)))
    assert "It begins" in said(await walk.click(walk.host, "Begin"))
    return walk


@pytest.mark.parametrize(("found", "way"), WALKS)
async def test_a_format_is_walked_through_from_begin_to_close_and_its_harvest_kept(
    scene: Scene, found: Format, way: Way
) -> None:
    walk = await begun(scene, found, way)
    middle = len(found.steps) // 2
    for number, step in enumerate(found.steps):
        await scene.restart()
        await scene.tick()
        look_at_step(walk, number, step)
        if number == middle:
            await stay(walk, step)
        await go_on(walk, step, looks=number >= middle, last=number == len(found.steps) - 1)
    await scene.tick()
    await closed(walk)
    await gathered(walk)


def look_at_step(walk: Walk, number: int, step: Step) -> None:
    """Hold what those in the circle see to the step: its words and time, who has the piece or is with whom."""
    steps, shown = walk.found.steps, walk.panel
    turn = f" · turn {step.turn}" if step.turn else ""
    heading = f"-# Step {number + 1} of {len(steps)}{turn}\n### {step.title}\n"
    assert shown.text.startswith(heading + walk.words(step) + "\n")
    assert f"({relative(walk, step)})" in shown.text
    assert "-# Time for this step: until <t:" in shown.text
    assert shown.text.splitlines()[-1].startswith(f"-# Held by host {walk.host.mention}")
    in_turn = step.kind is Kind.ROUND and walk.way is Way.WRITTEN
    carried = [each for each in labels_of(shown.components_raw) if each != walk.more_time]
    assert carried == ([*PIECE] if in_turn else []) + CARRIED
    assert ("talking piece goes round:** " + names(walk.people) in shown.text) == (
        step.kind is Kind.ROUND and walk.way is Way.LIVE
    )
    if number:  # what was said before stays to be read
        assert any(f"### {steps[number - 1].title}\n" in each.text for each in walk.seen if each.id != shown.id)
    look_at_hidden(walk)
    look_at_groups(walk, number, step)


def relative(walk: Walk, step: Step, **more: float) -> str:
    """Return when a step that begins now ends, as Discord shows it: in 3 minutes."""
    length = timedelta(minutes=step.minutes) if walk.way is Way.LIVE else timedelta(hours=step.hours)
    return f"<t:{int((walk.scene.env.now() + length + timedelta(**more)).timestamp())}:R>"


def look_at_groups(walk: Walk, number: int, step: Step) -> None:
    """Everyone is in one group, of the step's size; groups stay or join; one in each turns away; each has a thread."""
    lines = list(GROUP.finditer(walk.panel.text)) if step.size else []
    assert ("**Who is with whom:**" in walk.panel.text) == bool(step.size) == bool(lines)
    groups = [{int(each) for each in re.findall(r"<@(\d+)>", line[0])} for line in lines]
    before = walk.found.steps[number - 1].size if number else None
    if step.size:
        assert sorted(each for group in groups for each in group) == sorted(each.id for each in walk.people)
        exact = len(walk.people) % step.size == 0
        assert all(len(group) == step.size if exact else len(group) > 1 for group in groups)
        if before == step.size or before == step.size / 2:
            assert all(any(earlier <= group for group in groups) for earlier in walk.groups)
    walk.groups = groups
    for line, group in zip(lines, groups, strict=True):
        assert (line["away"] is not None) == (step.kind is Kind.AWAY)
        assert (line["thread"] is not None) == (walk.way is Way.WRITTEN)
        away = {int(line["away"])} if line["away"] else set[int]()
        walk.turned_away += away
        if line["thread"]:
            thread = walk.place(int(line["thread"]))
            look_at_thread(walk, thread, group - away, step)
            walk.hidden += [(thread, each) for each in away]


def look_at_thread(walk: Walk, thread: ChannelHandle, inside: set[int], step: Step) -> None:
    """A group's thread is theirs alone, and tells them what it is for; whoever turns away is not in it."""
    stored = walk.scene.env.backend.get_channel(thread.id)
    assert stored.type == ChannelType.PRIVATE_THREAD
    assert set(stored.thread_members) == {walk.scene.env.backend.bot_user.id, *inside}
    told = walk.scene.messages(thread)[0].text
    assert "This thread is for the " in told
    if step.kind is Kind.AWAY:
        assert f"### {step.title}\n{walk.words(step)}" in told


def look_at_hidden(walk: Walk) -> None:
    """Whoever turned away is let into their group's thread once the step is over, and told so there."""
    for thread, away in walk.hidden:
        assert away in walk.scene.env.backend.get_channel(thread.id).thread_members
        assert f"<@{away}>\nYou can turn back now" in walk.scene.messages(thread)[-1].text
    walk.hidden = []


async def stay(walk: Walk, step: Step) -> None:
    """Take more time: the panel is drawn again, where it is. Live, its host hears when that is over."""
    panel, (number, unit) = walk.panel, walk.more_time[1:].split()
    await walk.click(walk.host, walk.more_time)
    await walk.scene.tick()
    assert walk.panel.id == panel.id
    assert f"({relative(walk, step, **{unit: int(number)})})" in walk.panel.text
    if walk.way is Way.LIVE:
        await walk.scene.later(minutes=step.minutes + int(number))
        assert walk.seen[-1].text.startswith(f"{walk.host.mention}\nThe time for *{step.title}* is over.")


async def go_on(walk: Walk, step: Step, *, looks: bool, last: bool) -> None:
    """End a step as people do: each has the talking piece in a written round; else the host goes on, or closes."""
    if step.kind is Kind.ROUND and walk.way is Way.WRITTEN:
        await go_round(walk, looks=looks, last=last)
    elif last and walk.way is Way.WRITTEN:
        assert "That was the last step, and the circle is closed." in said(await walk.click(walk.host, "Next"))
    elif last:
        asked = await walk.click(walk.host, "Close")
        assert "Close the circle for everyone?" in said(asked)
        await press(walk.host, asked, "Yes, close it")
        assert "The circle is closed. Thank you" in said(asked)
    else:
        assert "On to the next step" in said(await walk.click(walk.host, "Next"))


async def go_round(walk: Walk, *, looks: bool, last: bool) -> None:
    """Let everyone speak, pass or keep silence in turn. Each is called by name, and the panel shows who follows.

    Unless one ``looks``: then they press one after the other, as quickly as they can.
    """
    for place, who in enumerate(walk.people):
        then = names(walk.people[place + 1 :])
        if looks:
            await walk.scene.tick()
            assert f"**The talking piece is with {who.mention}.** It moves on <t:" in walk.panel.text
            assert f"\nThen: {then}\n" in walk.panel.text if then else "Then:" not in walk.panel.text
            assert walk.seen[-1].text.startswith(f"The talking piece is with you, {who.mention}.")
            assert mentions(walk.scene)[-1] == ([who.id], [])
        label = list(PIECE)[place % len(PIECE)]
        after = GOES_ON if then else CLOSES if last else ON_TO_THE_NEXT
        assert said(await walk.click(who, label)) == f"{PIECE[label]} {after}"


async def closed(walk: Walk) -> None:
    """The circle is over wherever it stands, nothing can be gone on from, and turns have come to everyone."""
    assert "This circle is over. Thank you" in cards(walk.scene)[-1].text
    assert await coming(walk.scene) == []
    assert [each for each in walk.seen if {*CARRIED, *PIECE, "Begin"} & {*labels_of(each.components_raw)}] == []
    assert sum("This circle is closed. Thank you to everyone" in each.text for each in walk.seen) == 1
    times_away = [walk.turned_away.count(each.id) for each in walk.people]
    assert max(times_away) - min(times_away) <= 1
    look_at_hidden(walk)


async def gathered(walk: Walk) -> None:
    """The harvester, or the host where a format has none, is asked for the harvest; it stands in the thread."""
    harvester = walk.people[1] if Role.HARVESTER in walk.found.roles else walk.host
    asked = next(each for each in walk.seen if "Gather the harvest" in labels_of(each.components_raw))
    assert asked.text.startswith(f"{harvester.mention}\nThis circle is closed. Would you gather")
    form = await walk.click(harvester, "Gather the harvest")
    words = {"lines": "We began small.", "question": "Who is missing?", "thanks": "To all who listened."}
    assert "on its way to the thread" in said(await harvester.submit_modal(form, words))
    await walk.scene.tick()
    shown = walk.seen[-1].text
    assert shown.startswith("### What we take with us\n> We began small.\n")
    assert all(f"> {each}" in shown for each in words.values())
    assert shown.endswith(f"-# Gathered by {harvester.mention}")
    again = await walk.click(harvester, "Change it")
    assert all(each in str(again.modal) for each in words.values())


async def test_calls_that_waited_long_come_first_and_those_still_with_the_hosts_hide_none(scene: Scene) -> None:
    await begin(scene)
    with_the_hosts = [await send(scene, scene.ada, urgency=Urgency.NO_HURRY) for _number in range(5)]
    await scene.later(days=3)
    earlier = await run(scene)
    waits = await send(scene, scene.bo, urgency=Urgency.TODAY)
    await scene.later(hours=2)
    await scene.later(hours=16)
    assert [(await as_it_stands(scene, each)).rung for each in [*with_the_hosts, waits]] == [3, 3, 3, 3, 3, 4]

    later = await run(scene)

    assert not any("Before we begin" in each.text for each in in_thread(scene, earlier))
    starts = ("**Before we begin", "-# Step 1 of 5")
    told, first = [each.text for each in in_thread(scene, later) if each.text.startswith(starts)]
    opening, *lines = told.splitlines()
    assert opening == "**Before we begin: these calls have not met a person yet. Could one of us be with them?**"
    at = int((waits.opened_at or scene.env.now()).timestamp())
    link = f"https://discord.com/channels/{scene.guild.id}/{scene.calls.id}/{waits.message_id}"
    assert lines == [f"- {link} · <t:{at}:R>"]
    assert first.startswith(starts[1])
