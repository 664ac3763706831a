import pandas as pd

sales = pd.DataFrame(
    {
        "city": pd.Categorical(["Ulm", "Bonn", "Ulm", None], categories=["Bonn", "Kiel", "Ulm"]),
        "units": pd.array([3, None, 5, 8], dtype="Int64"),
        "price": [1.5, 2.0, float("nan"), 4.25],
    },
    index=pd.date_range("2026-01-01", periods=4, freq="D", tz="Europe/Berlin", name="day"),
)
sales.attrs["source"] = "made up"
title = "Sales"
unit = "€"
