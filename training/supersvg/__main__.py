"""``python -m supersvg``."""

import sys

from supersvg.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
