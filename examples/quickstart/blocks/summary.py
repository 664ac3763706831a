summary = (
    birds.groupby(["species", "island"])
    .agg(birds=("species", "size"), mass_g=("body_mass_g", "mean"), bill_ratio=("bill_ratio", "mean"))
    .round(2)
    .reset_index()
)
summary
