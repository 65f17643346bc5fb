"""What types that speak HTTP share: URLs, the guarded client, and bodies kept on disk."""
