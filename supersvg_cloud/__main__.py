"""``python -m supersvg_cloud`` is ``supersvg-cloud``."""

from supersvg_cloud.cli import main

if __name__ == "__main__":
    main()
