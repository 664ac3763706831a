import pandas as pd

# A block's working directory is the canvas's files/.
penguins = pd.read_csv("penguins.csv")
print(f"{len(penguins)} penguins, {penguins['species'].nunique()} species, {penguins['island'].nunique()} islands")
penguins.head()
