"""`python -m gateway` is `pointsman`."""

import sys

from gateway.cli import main

sys.exit(main())
