"""One file a study; the file name is the study's name."""
