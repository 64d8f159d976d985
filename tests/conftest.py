"""Every suite under tests/ may ask for the fixture `stack`."""
from stack.plugin import *  # noqa: F401,F403
