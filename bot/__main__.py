"""The command line: kith run · rehearse · doctor · invite · backup."""

import argparse
import sys
from pathlib import Path

from bot import __version__

WHERE_TO_START = """\
Where to start:
  kith rehearse    see what Kith does, without a Discord account
  kith doctor      see what is still missing before it can run
  kith invite      get the link that adds Kith to your server
  kith run         let it run, then type /setup in the server

Settings stand in .env; .env.example says what each is for.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit status: 0 done, 1 failed, 2 something to mend first."""
    asked = command_line().parse_args(arguments)
    if asked.command == "rehearse":
        from bot.rehearsal import rehearse  # alone, so that its first lines come before the rest is loaded

        return rehearse(page=asked.page)
    from bot import commands, doctor  # only now, so that help comes at once

    match asked.command:
        case "run":
            return commands.run()
        case "doctor":
            return doctor.doctor(offline=asked.offline)
        case "invite":
            return commands.invite()
        case _:
            return commands.back_up(asked.file)


def command_line() -> argparse.ArgumentParser:
    """Return the parser of the command line, with its help."""
    parser = argparse.ArgumentParser(
        prog="kith",
        description="Kith tends a community of practice on Discord.",
        epilog=WHERE_TO_START,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"Kith {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")

    def command(name: str, help_: str, more: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=help_, description=f"{help_[0].upper()}{help_[1:]}. {more}")

    command(
        "run",
        "tend communities until stopped",
        "Brings the database to this version first, copying an SQLite file before it changes it. Stop it with "
        "Ctrl-C or SIGTERM. It ends with status 2 when something has to be mended before it can run.",
    )
    rehearse = command(
        "rehearse",
        "play eight weeks on a simulated Discord",
        "Prints what people would see, then keeps the community open in the browser. Needs no Discord account; "
        "make rehearse installs what it needs.",
    )
    rehearse.add_argument("--no-page", dest="page", action="store_false", help="end after the transcript")
    doctor = command(
        "doctor",
        "check what Kith needs, and say what to mend",
        "A line for each thing: ✓ is well, ✗ has to be mended, – was left out or can wait. Changes nothing. Ends "
        "with status 0 when nothing has to be mended.",
    )
    doctor.add_argument("--offline", action="store_true", help="don't ask Discord whether the token is valid")
    command(
        "invite",
        "print the link that adds Kith to a server",
        "Also tells which permissions Kith asks for, and why. Works offline.",
    )
    copy = command(
        "backup",
        "copy the database while Kith runs",
        "Writes a whole, consistent copy of the SQLite file and says how to go back to it. For PostgreSQL it names "
        "the command to use.",
    )
    copy.add_argument("file", nargs="?", type=Path, help="where to; beside the database, with the date, when left out")
    return parser


if __name__ == "__main__":
    sys.exit(main())
