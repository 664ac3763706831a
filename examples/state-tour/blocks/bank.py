assert all(isinstance(account, Account) for account in accounts)
assert type(accounts[1]) is Savings

Savings.rate = 0.5                        # seen by the instance that another block made
accounts[1].book(1000)
print("Grace has", accounts[1].cents)
assert accounts[1].cents == 1020 + 1500
