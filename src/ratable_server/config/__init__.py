"""Wiring: settings, routes and the entry for web servers. Nobody imports this; it is named by its path."""
