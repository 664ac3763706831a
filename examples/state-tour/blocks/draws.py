assert pd.get_option("display.max_rows") == 7
assert os.environ["TOUR_GUIDE"] == "easel"

second = (np.random.rand(), rng.random())

# What one process would have drawn:
same = np.random.RandomState(42).rand(2)[1], np.random.default_rng(42).random(2)[1]
assert second == same
print("drawn next:", second)
