"""Makes the modules of scripts/export known to the scripts of this folder, which import this one first."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "export"))
