"""The command line of the books: commands that join `ratable` when the extra `server` is installed.

Owns arguments, output and exit codes. A command makes one call, to one operation or one query.
"""
