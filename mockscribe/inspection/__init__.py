"""What can be asked of an account: typed values, computed from its journal and sessions at the moment of asking.

Pure: no IO and no clock. Whatever is costly here costs nothing until somebody asks.
"""
