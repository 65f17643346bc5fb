"""What types of Google Cloud share: whom a client logs in as, and its way out."""
