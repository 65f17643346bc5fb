"""What types that speak the same wire, or hold the same kind of file, share."""
