assert "value" in sales                   # changed by `prices` only
assert unit == "EUR"                      # changed by `names` only
assert title == "Sales, by city"          # changed by both: `names` is the later edge

assert list(sales["city"].cat.categories) == ["Bonn", "Kiel", "Ulm"]
assert sales["units"].isna().sum() == 1 and str(sales["units"].dtype) == "Int64"
assert sales.index.freqstr == "D" and str(sales.index.tz) == "Europe/Berlin"
assert sales.attrs["source"] == "made up"
sales
