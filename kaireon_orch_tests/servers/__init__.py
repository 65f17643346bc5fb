"""Real servers for tests, each started once per session on a free loopback port."""
