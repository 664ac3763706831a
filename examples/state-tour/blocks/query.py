from contextlib import closing

# connection.execute("select 1")          # take the first # away and run again: the message says what to do


def ask(question):
    """Ask a database that is opened here, by the function that came along, and closed again."""
    with closing(connected()) as here:
        return here.execute(question).fetchall()


totals = dict(ask("select what, sum(n) from orders group by what"))
assert totals == {"apples": 5, "pears": 5}
print(totals)
