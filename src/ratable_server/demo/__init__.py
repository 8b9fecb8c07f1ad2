"""The demo: the sample company's year through the books, as a user would tell it.

Owns the order of the demo, its data folder and what it leaves behind. It calls operations and queries; the sample
is that of `ratable.demo`, whose tables it shows, and every figure is that of a report.
"""
