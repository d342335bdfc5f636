"""A community to try Kith in, on a simulated Discord."""

from bot.rehearsal.transcript import paper, print_heading

SPAN = "eight weeks"


def rehearse(*, page: bool) -> int:
    """Play the weeks and print them as they happen; with ``page``, keep the community open in the browser then.

    Returns the exit status: 0 done, 1 when something went wrong on the way, 2 when simcord is not installed.
    """
    console = paper()
    print_heading(console, SPAN)
    try:
        from bot.rehearsal.house import run  # only now: it takes seconds to load what it needs
    except ModuleNotFoundError as error:
        if error.name != "simcord":
            raise
        console.print("The rehearsal needs simcord, a simulated Discord. make rehearse installs it.", style="red")
        return 2
    return run(console, page=page)
