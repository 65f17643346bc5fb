"""What a connector type promises: types only, no I/O, no driver."""
