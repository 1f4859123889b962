"""Studies that measure the claims of the AlexNet paper."""
