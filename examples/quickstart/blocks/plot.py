import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(7, 4.5))
for species, group in birds.groupby("species"):
    axes.scatter(group["flipper_length_mm"], group["body_mass_g"], s=18, alpha=0.7, label=species)
axes.set_xlabel("flipper length, mm")
axes.set_ylabel("body mass, g")
axes.set_title("The longer the flipper, the heavier the bird")
axes.legend(frameon=False)
plt.show()
