"""`python -m segmentation`: the command `segment`, for where scripts are not on the path."""

import sys

from segmentation.cli import main

sys.exit(main())
