"""Run Kith with another pace: ``python -m tests.bench.hurried PER_SECOND PORT -- run``.

The courier begins ``PER_SECOND`` sends a second, and the tick comes every second, so that less of it is waiting.
"""

import sys

from bot import courier, scheduler
from tests.loopback import launch

if __name__ == "__main__":
    courier.PER_SECOND = int(sys.argv[1])  # pyright: ignore[reportConstantRedefinition] -- here alone it goes faster
    scheduler.TICK_SECONDS = 1  # pyright: ignore[reportConstantRedefinition] -- here alone it goes faster
    raise SystemExit(launch.main(sys.argv[2:]))
