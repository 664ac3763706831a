"""Code that several blocks could share: any .py in files/ can be imported, and editing it makes its readers stale."""

import pandas as pd


def split_by_bird(frame: pd.DataFrame, test_share: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split rows into (train, test), the same way every time, each species in its share."""
    every = round(1 / test_share)
    position = frame.groupby("species").cumcount()
    is_test = position % every == every - 1
    return frame[~is_test].reset_index(drop=True), frame[is_test].reset_index(drop=True)
