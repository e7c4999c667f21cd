"""Telling people: the loop that empties the outbox, what is known of mailboxes and hours, links and what they do, and the record of it all.

Who is due to be told, and why or why not, is decided in `monitor.alerting`; what a letter says is written in `monitor.notify`.
"""
