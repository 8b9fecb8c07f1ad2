"""The Campfire dialect: contracts, usage and revenue in the words of its published API.

Five layers: `routes`, `views` (one call each), `schemas` (the documented fields), `translate` (their words and ours),
`problems` (every refusal of ours in their shapes). A resource is a module in views, schemas and translate.
"""
