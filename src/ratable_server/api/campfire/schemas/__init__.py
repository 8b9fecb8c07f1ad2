"""The documented fields of each resource; what is richer than the document is marked as an addition."""
