"""`python -m kaireon_orch.cli`: the `kaireon` command where its script is not on the path."""

from kaireon_orch.cli.main import main

main()
