"""What the books learn, as rows of the calculation: usage, documents and amendments.

Owns the effect of each act, the month that books it, and the rules that refuse it. Pure: terms, amounts and days go
in; rows of `tables`, `Amendments` and codes of `errors` come out. Whoever keeps books calls it, from a case file or
from a database, so that the same act has the same effect everywhere. It remembers nothing and computes no balance.
"""
