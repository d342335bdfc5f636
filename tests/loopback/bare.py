"""The smallest discord.py bot that uses all that the loopback Discord answers."""

import io

import discord
from discord import app_commands

from tests.loopback.people import Channel


class Form(discord.ui.Modal, title="A call"):
    """One line of words, already begun."""

    words = discord.ui.Label[discord.ui.Modal](
        text="Words", component=discord.ui.TextInput(custom_id="words", default="begun")
    )

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        """Repeat what was written."""
        assert isinstance(self.words.component, discord.ui.TextInput)
        await interaction.response.send_message(self.words.component.value)


class Ask(discord.ui.Modal, title="A call"):
    """One choice, some choices and some people."""

    urgency = discord.ui.Label[discord.ui.Modal](
        text="By when",
        component=discord.ui.RadioGroup(
            custom_id="urgency",
            options=[
                discord.RadioGroupOption(label="Today", value="today"),
                discord.RadioGroupOption(label="No hurry", value="no hurry", default=True),
            ],
        ),
    )
    help = discord.ui.Label[discord.ui.Modal](
        text="What would help",
        component=discord.ui.CheckboxGroup(
            custom_id="help",
            options=[discord.CheckboxGroupOption(label=each, value=each) for each in ("listen", "hands", "show me")],
            max_values=2,
            required=False,
        ),
    )
    people = discord.ui.Label[discord.ui.Modal](
        text="People", component=discord.ui.UserSelect(custom_id="people", max_values=3, required=False)
    )

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        """Repeat what was chosen."""
        urgency, help_, people = self.urgency.component, self.help.component, self.people.component
        assert isinstance(urgency, discord.ui.RadioGroup) and isinstance(help_, discord.ui.CheckboxGroup)
        assert isinstance(people, discord.ui.UserSelect)
        names = [each.name for each in people.values if isinstance(each, discord.Member)]
        await interaction.response.send_message(f"{urgency.value}; {sorted(help_.values)}; {names}", ephemeral=True)


class Buttons(discord.ui.View):
    """A button that opens the form, and one that says so."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Write", custom_id="call:1:write")
    async def write(self, interaction: discord.Interaction, _button: object) -> None:
        """Open the form."""
        await interaction.response.send_modal(Form())

    @discord.ui.button(label="Done", custom_id="call:1:done")
    async def done(self, interaction: discord.Interaction, _button: object) -> None:
        """Redraw the message without buttons."""
        await interaction.response.edit_message(content="done", view=None)


class BareBot(discord.Client):
    """A bot with a few commands, two buttons and a message menu, and nothing of Kith."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents.default(), max_ratelimit_timeout=30)
        self.tree = app_commands.CommandTree(self)
        group = app_commands.Group(name="rhythm", description="What comes round again")
        group.command(name="pause", description="Pause it")(pause)
        self.tree.add_command(group)
        self.tree.command(name="later", description="Answer later")(later)
        self.tree.command(name="ask", description="Ask for something")(ask)
        self.tree.context_menu(name="Make a call of this")(make_a_call)
        self.add_view(Buttons())

    def channel(self, there: Channel) -> discord.PartialMessageable:
        """Return the channel as one that needs no gateway."""
        return self.get_partial_messageable(there.id)


async def pause(interaction: discord.Interaction, weeks: int, who: discord.Member) -> None:
    """Answer in private."""
    await interaction.response.send_message(f"{weeks} {who.name}", ephemeral=True)


async def later(interaction: discord.Interaction) -> None:
    """Answer in two steps, and add a file."""
    await interaction.response.defer(ephemeral=True)
    await interaction.edit_original_response(content="thought")
    await interaction.followup.send("more", file=discord.File(io.BytesIO(b"{}"), "me.json"), ephemeral=True)


async def ask(interaction: discord.Interaction) -> None:
    """Open a form to choose in."""
    await interaction.response.send_modal(Ask())


async def make_a_call(interaction: discord.Interaction, message: discord.Message) -> None:
    """Repeat a message's words in private."""
    await interaction.response.send_message(f"{message.author}: {message.content}", ephemeral=True)
