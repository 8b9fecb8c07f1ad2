"""Pure functions between the words of the wire and ours."""
