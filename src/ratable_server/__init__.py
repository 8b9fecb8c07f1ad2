"""The server: remembers and answers; the calculation is `ratable`.

Owns facts, books, roles and doors. It does no sum of its own: operations load, let the engine
compute, and save. Layers, top to bottom: config; the doors (api, web, cli); operations and queries;
store; actor, clock and errors. `exports` is pure and stands beside the store.
"""
