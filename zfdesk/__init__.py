"""zfdesk: look into ZFNet (Zeiler & Fergus 2013) on live pictures."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("zfdesk")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0+unknown"
