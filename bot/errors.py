"""What Kith says when it can't do as asked."""


class Refusal(Exception):
    """A sentence the member can act on, in the member's language.

    Raised by services, shown privately as it stands; it is never logged as an error.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Busy(Exception):
    """Others keep the database to themselves, or it can't be reached: nothing was kept, and later it may be.

    Raised by every transaction, with the database's own words for it.
    """
