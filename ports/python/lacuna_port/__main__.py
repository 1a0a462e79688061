"""`python3 -m lacuna_port [--wide]` speaks the process protocol over stdin and stdout."""

import sys

from .functions import FUNCTIONS
from .harness import serve
from .interpreter import Interpreter
from .wide import widened

WIDE = "--wide" in sys.argv[1:]
serve({name: widened(each) if WIDE else each for name, each in FUNCTIONS.items()}, Interpreter)
