"""A case file from text to verdict: reading, playing, judging, reporting.

Owns the rim of the calculation: the only place that knows case files.
"""
