from dataclasses import dataclass, field


@dataclass
class Account:
    owner: str
    cents: int = 0
    history: list = field(default_factory=list)

    def book(self, cents):
        self.cents += cents
        self.history.append(cents)
        return self


class Savings(Account):
    rate = 0.02

    def book(self, cents):
        return super().book(cents + round(cents * self.rate))
