"""Sessions in the window: opening, saving, keeping by themselves."""
