import functools


def counter():
    n = 0

    def count():
        nonlocal n
        n += 1
        return n

    return count, lambda: n


count, so_far = counter()
count()

tax = 0.2


def gross(net):
    return net * (1 + tax)


def logged(function):
    @functools.wraps(function)
    def wrapper(*args):
        print("calling", function.__name__, *args)
        return function(*args)

    return wrapper


@logged
@functools.lru_cache
def fibonacci(n):
    return n if n < 2 else fibonacci.__wrapped__(n - 1) + fibonacci.__wrapped__(n - 2)
