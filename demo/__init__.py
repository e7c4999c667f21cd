"""A world with known answers: simulated platforms, a roster, a mail sink, and the real daemon run against them."""
