"""A module of the canvas's own files."""


class Thing:
    def __init__(self, n):
        self.n = n

    def twice(self):
        return self.n * 2


def double(x):
    return x * 2
