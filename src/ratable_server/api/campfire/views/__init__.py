"""Views, a module for each resource: parse, translate, one operation or query, translate, answer."""
