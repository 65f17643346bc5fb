"""What types that speak SQL share: identifiers, one SELECT, the PostgreSQL wire, the ledger."""
