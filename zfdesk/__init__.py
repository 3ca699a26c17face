"""zfdesk: look into ZFNet (Zeiler & Fergus 2013) on live pictures."""

__version__ = "0.1.0"  # the one place; the wheel's is read from here
