"""The `kaireon` command: `main` says what there is, the other modules are imported when their command is called."""
