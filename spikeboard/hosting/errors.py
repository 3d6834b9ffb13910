"""What whoever runs the server is told when it cannot be run as asked."""


class HostingError(ValueError):
    """A server that cannot or must not run like this; its text says what is wrong and what to do."""
