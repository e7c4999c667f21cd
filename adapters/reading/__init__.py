"""Reading what platforms, bridges and gateways answer: bodies in, posts out. Pure: nothing here fetches, waits or asks the time."""
