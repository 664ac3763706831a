assert also_basket is basket and shelf["front"] is basket
also_basket.append("plums")
print("basket:", basket)

assert np.shares_memory(grid, middle)     # `np` is there: modules that a parent imported are imported here, too
middle[:] = 0
print(grid)
