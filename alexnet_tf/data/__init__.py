"""Images: where they come from, how they are split, ordered and scaled."""
