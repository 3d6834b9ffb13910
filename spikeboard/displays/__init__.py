"""The displays of views that show several things: a folder per view, a module per display, its numbers and figure."""
