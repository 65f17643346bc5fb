"""What types of Azure share: whom a client logs in as, and its way out."""
