"""The one screen that says what Kith is."""

from tests.discord.scene import Scene, said


async def test_everyone_reads_what_kith_is_and_each_command_in_a_line(scene: Scene) -> None:
    await scene.begin()

    answer = await scene.ada.slash(scene.checkins, "help")

    assert answer.ephemeral
    text = said(answer)
    assert "tends this community of practice" in text
    for command in ("checkin", "call", "circle", "summary", "rhythm list", "help"):
        assert f"</{command}:" in text
    assert "As a host" not in text


async def test_hosts_read_two_lines_more(scene: Scene) -> None:
    await scene.begin()

    answer = await scene.host.slash(scene.checkins, "help")

    assert "As a host you also have </rhythm add:" in said(answer)
    assert "Manage Server" in said(answer)


async def test_without_the_commands_ids_their_names_stand_there(scene: Scene) -> None:
    await scene.begin()
    scene.env.inject_error("GET", f"/applications/{scene.bot.application_id}/commands", status=403, code=50001)

    answer = await scene.ada.slash(scene.checkins, "help")
    again = await scene.ada.slash(scene.checkins, "help")

    assert "/rhythm list shows" in said(answer)
    assert "</rhythm list:" in said(again)


async def test_help_works_before_anything_is_set_up(scene: Scene) -> None:
    answer = await scene.ada.slash(scene.checkins, "help")

    assert "tends this community of practice" in said(answer)


async def test_help_is_the_same_after_a_restart(scene: Scene) -> None:
    await scene.begin()
    before = await scene.host.slash(scene.checkins, "help")

    await scene.restart()

    assert said(await scene.host.slash(scene.checkins, "help")) == said(before)
