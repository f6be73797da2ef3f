"""`python -m crosswind.cli` is `crosswind`."""

from crosswind.cli.main import main

main()
