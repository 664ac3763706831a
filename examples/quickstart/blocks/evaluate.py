from sklearn.metrics import accuracy_score, confusion_matrix

predicted = model.predict(test_birds[columns])
accuracy = accuracy_score(test_birds["species"], predicted)
print(f"on birds it has never seen: {accuracy:.1%} right")

species = list(model.classes_)
confusion = pd.DataFrame(
    confusion_matrix(test_birds["species"], predicted, labels=species),
    index=[f"is {name}" for name in species],
    columns=[f"taken for {name}" for name in species],
)
confusion
