import os

import numpy as np
import pandas as pd

pd.set_option("display.max_rows", 7)
os.environ["TOUR_GUIDE"] = "easel"

np.random.seed(42)
rng = np.random.default_rng(42)
first = (np.random.rand(), rng.random())
