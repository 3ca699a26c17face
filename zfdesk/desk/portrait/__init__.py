"""What the selected unit wants: the pictures that wake it most, its made picture, and the scan behind them."""
