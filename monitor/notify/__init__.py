"""Telling people: letters are written here and handed to the mail server; who is due to hear what, monitor.alerting decides."""
