"""What types that hold rows in files share: opening, unpacking, and the format readers."""
