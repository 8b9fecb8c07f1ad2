"""What a body has, a module per resource."""
