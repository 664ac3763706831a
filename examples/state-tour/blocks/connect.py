import sqlite3

orders = [("apples", 3), ("pears", 5), ("apples", 2)]


def connected():
    """A connection to a database that has the orders."""
    made = sqlite3.connect(":memory:")
    made.execute("create table orders(what text, n int)")
    made.executemany("insert into orders values(?, ?)", orders)
    return made


connection = connected()
print(connection.execute("select count(*) from orders").fetchone()[0], "orders")
