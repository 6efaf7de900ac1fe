"""The version of this installation."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("yingda")
except PackageNotFoundError:  # running from a checkout that was not installed
    VERSION = "0.1.0"
