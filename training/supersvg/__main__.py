"""``python -m supersvg``."""

import os
import sys

from supersvg.cli import main

if __name__ == "__main__":
    code = main(sys.argv[1:])
    if "RANK" in os.environ:
        # A rank's native threads (torch's autograd, gloo's) may still be winding down when the interpreter is taken
        # apart, and then a finished training ends in an abort. Everything is written and closed by now: leave at once.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
