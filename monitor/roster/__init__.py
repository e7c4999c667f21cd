"""What people hand in as CSV or XLSX: accounts, key articles, hand checks; read strictly, linted, and compared with what was there."""

from monitor.roster.accounts import COLUMNS as COLUMNS
from monitor.roster.accounts import HANDLE_LIMIT as HANDLE_LIMIT
from monitor.roster.accounts import RosterFile as RosterFile
from monitor.roster.accounts import read_accounts as read_accounts
from monitor.roster.articles import read_articles as read_articles
from monitor.roster.changes import difference as difference
from monitor.roster.changes import render_difference as render_difference
from monitor.roster.looks import read_looks as read_looks
