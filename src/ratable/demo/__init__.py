"""The sample company: a year of an AI API vendor as one case, with the figures its books must show."""
