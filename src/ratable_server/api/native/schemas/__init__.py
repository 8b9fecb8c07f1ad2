"""Shapes of the wire, one module for each kind of thing."""
