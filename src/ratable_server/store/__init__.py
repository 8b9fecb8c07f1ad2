"""The books: rows, constraints, and the roads to them. The one Django app.

Owns tables, row-level security, guards and bulk transport to and from the engine's tables. It does
not decide what may happen: operations do, in transactions that they open with `scope.books_of`.
"""
