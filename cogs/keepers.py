"""The buttons of a keeper's card: hand a turn on, take it, be counted in or out."""

from cogs.keeper_cards import handed_on_words, taken_words, volunteer_words
from cogs.support import Interaction, Noun, community_of, person_of, press, say, within_time


class Keepers(Noun):
    """Members take turns at keeping calls. The card itself is redrawn by what each press plans."""

    @press("keeper:hand_on")
    async def hand_on(self, interaction: Interaction, keeper_id: int) -> None:
        """Hand on the turn of the keeper the card shows, so that of two presses the second changes nothing."""
        turn = await within_time(
            interaction, self.app.keepers.hand_on(community_of(interaction), person_of(interaction), keeper_id)
        )
        await say(interaction, handed_on_words(turn))

    @press("keeper:take")
    async def take(self, interaction: Interaction, turn_id: int) -> None:
        """Take the turn."""
        turn = await within_time(
            interaction, self.app.keepers.take(community_of(interaction), interaction.user.id, turn_id)
        )
        await say(interaction, taken_words(turn))

    @press("keeper:count_in")
    async def count_in(self, interaction: Interaction, _turn_id: int) -> None:
        """Count a member in for coming turns."""
        await self._volunteer(interaction, keeps=True)

    @press("keeper:count_out")
    async def count_out(self, interaction: Interaction, _turn_id: int) -> None:
        """Count a member out of coming turns."""
        await self._volunteer(interaction, keeps=False)

    async def _volunteer(self, interaction: Interaction, *, keeps: bool) -> None:
        keeping = await within_time(
            interaction, self.app.keepers.volunteer(community_of(interaction), interaction.user.id, keeps=keeps)
        )
        await say(interaction, volunteer_words(keeps=keeps, keeping=keeping))
