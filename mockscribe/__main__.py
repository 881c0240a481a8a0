"""`python -m mockscribe`: the console script, where its name is not on the path."""

from mockscribe.cli import main

main()
