"""Leave to look: tokens and cookies, windows of requests, pauses and breakers, and writing them down."""
