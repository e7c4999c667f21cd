"""What digests and reports say: the day, the week, the burden of mails, the leader's page. Pure, but for `reporting`, which fetches."""
