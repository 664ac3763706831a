from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1000, random_state=0))
model.fit(train_birds[columns], train_birds["species"])
print(f"on the birds it was trained on: {model.score(train_birds[columns], train_birds['species']):.1%} right")
