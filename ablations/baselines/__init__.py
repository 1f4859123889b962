"""The kinds of baselines that the paper's Tables 1 and 2 name, on the images of the studies."""
