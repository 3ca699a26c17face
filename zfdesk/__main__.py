"""``python -m zfdesk`` is ``zfdesk``."""

import sys

from zfdesk.cli import main

if __name__ == "__main__":
    sys.exit(main())
