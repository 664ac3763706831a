import numpy as np

basket = ["apples", "pears"]
also_basket = basket                      # a second name for the same list
shelf = {"front": basket}                 # and a dictionary that holds it

grid = np.arange(12).reshape(3, 4)
middle = grid[1]                          # a view: no numbers of its own
