"""From rows to what the calculation reads: terms, amendments, documents, and whatever else it is told.

Owns the reading of whole tables for one tenant, with a fixed number of statements however many rows there are.
It writes nothing and judges nothing. Each loader takes the codes of the contracts that are wanted; None: all.
"""
