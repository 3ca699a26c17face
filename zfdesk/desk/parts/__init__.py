"""Marking parts of objects, and Table 1 made from them."""
