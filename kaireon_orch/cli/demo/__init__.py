"""`kaireon demo`: the flights of New York City in 2013, moved and checked over the REST API alone."""
