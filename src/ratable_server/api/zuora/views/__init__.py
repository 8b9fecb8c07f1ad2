"""Views of the dialect, a module per resource."""
