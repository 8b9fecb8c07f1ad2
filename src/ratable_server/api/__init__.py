"""The door for programs: HTTP.

Owns what every dialect needs and none of them owns: who asks, how bodies are read and written, pages of lists, repeated
requests, errors. A dialect is a package of its own; it calls one operation or query for each request and holds no rows.
"""
