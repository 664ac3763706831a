unit = "EUR"
title = "Sales, by city"
