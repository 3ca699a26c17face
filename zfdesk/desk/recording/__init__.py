"""Recording films of the window, a pane or a figure."""
