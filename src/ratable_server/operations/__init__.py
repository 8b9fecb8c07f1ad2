"""Every change to the books: `verb_noun` functions, one transaction each, with an audit entry.

Owns who may do what and what is refused. An operation loads, lets the engine compute, and saves; it is told who asks
(`actor`) and when (`at`), and reads no clock.
"""
