"""A case file played through the books: its acts as operations, its questions answered from what they left.

Owns nothing of the calculation and no rule: it shows that a story told to the books gives what the engine alone gives.
"""

from ratable_server.operations.case_files.acts import moment_of, tell_entry
from ratable_server.operations.case_files.answering import answer_case
from ratable_server.operations.case_files.playing import play_case

__all__ = ["answer_case", "moment_of", "play_case", "tell_entry"]
