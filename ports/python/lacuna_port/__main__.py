"""`python3 -m lacuna_port` speaks the process protocol over stdin and stdout."""

from .functions import FUNCTIONS
from .harness import serve
from .interpreter import Interpreter

serve(FUNCTIONS, Interpreter)
