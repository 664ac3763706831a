accounts = [Account("Ada").book(1000), Savings("Grace").book(1000)]
print(accounts)
