"""Tests. What Python compiles for them is kept whatever is said elsewhere: it takes each worker seconds to do again."""

import sys

sys.dont_write_bytecode = False
