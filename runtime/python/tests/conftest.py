import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import easel_runtime

# The sources of this tree, and the extension module of the build that is tested.
_build = pathlib.Path(os.environ.get("EASEL_BINARY", "")).parent.parent
easel_runtime.__path__.append(str(_build / "share/easel/python/easel_runtime"))
