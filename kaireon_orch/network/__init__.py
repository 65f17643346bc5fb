"""Ways out: which addresses and files a tenant may reach, and the guarded child in which he reaches them."""
