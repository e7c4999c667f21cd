"""What the commands do and print, for people: Chinese, tables on a terminal, files for machines. `daemon.py` only names them."""
