"""One module for each kind of thing: what is asked, done and told of it over HTTP."""
