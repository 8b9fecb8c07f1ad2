"""Measurements of the books on this machine, each in a PostgreSQL of its own that is gone afterwards.

Speed is told as a ratio to something bare that is measured in the same run on the same rows, never as an absolute:
a machine that is busy with other work slows both. Each module is a program: `python -m ratable_server.bench.ingesting`.
"""
