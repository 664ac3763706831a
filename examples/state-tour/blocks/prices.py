sales = sales.assign(value=sales["units"] * sales["price"])
title = "Sales, with values"
