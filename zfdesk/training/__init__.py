"""The training room: pictures and recipes in, a plain declared network out.

Start reading in `train` (the loop), `recipe` (what can be set), `data` (where pictures come from) and `network` (from a
declared tuple of layers to something that learns, and back).
"""
