import inspect

assert so_far() == 1
count()
assert so_far() == 2                      # one counter, two functions

assert gross(100) == 120
tax = 0.5
assert gross(100) == 150                  # it reads this block's `tax`

print(fibonacci(30))
assert fibonacci.__name__ == "fibonacci"
assert "nonlocal n" in inspect.getsource(counter)
