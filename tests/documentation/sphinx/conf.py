"""Fernhouse, a library that does not exist: documentation for the tests of the librarian."""

project = "Fernhouse"
author = "the hob authors"
version = release = "2.4"
root_doc = "index"
html_theme = "alabaster"
html_show_sphinx = True
html_copy_source = False
exclude_patterns = []
