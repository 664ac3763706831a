from helpers import split_by_bird

columns = [*measurements, "bill_ratio"]
train_birds, test_birds = split_by_bird(birds, test_share=1 / 3)

# `bill_ratio` was defined in `clean` and travels here with its source.
ratio_gap = bill_ratio(test_birds).mean() - bill_ratio(train_birds).mean()
print(f"{len(train_birds)} birds to train on, {len(test_birds)} to test on; bill ratios differ by {abs(ratio_gap):.3f}")
