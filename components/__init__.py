"""What pages are made of: shell, cards around views, controls made from a view's settings."""
