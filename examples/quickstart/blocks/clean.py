measurements = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]


def bill_ratio(frame):
    """How long a bill is for its depth: a slender bill has a high ratio."""
    return frame["bill_length_mm"] / frame["bill_depth_mm"]


birds = penguins.dropna(subset=measurements).reset_index(drop=True)
print(f"{len(penguins) - len(birds)} birds without measurements dropped")
birds["bill_ratio"] = bill_ratio(birds)
birds.describe().round(1)
