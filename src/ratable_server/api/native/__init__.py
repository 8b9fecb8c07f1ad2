"""The native API, `/api/v1`: what the command line does, for programs.

Owns its words, which are those of the dictionary, and nothing else. It is stricter than the published APIs: a field or a
parameter that it does not know is refused by name, a name that is doubled too; numbers are texts in answers, and every
refusal is a problem document (RFC 9457).
"""
