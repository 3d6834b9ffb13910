"""The displays of the inter-spike intervals."""
