"""Tables in, bytes out: the pages, figures and text tables of a study and of the suite."""
