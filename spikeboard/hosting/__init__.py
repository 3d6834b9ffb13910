"""Serving a team: who is let in, and the gate in front of the app. Knows ASGI, and nothing of Dash."""

from spikeboard.hosting.command_line import SERVER_OPTIONS, add_arguments, policy_from_arguments
from spikeboard.hosting.errors import HostingError
from spikeboard.hosting.guard import Guard, current_user
from spikeboard.hosting.policy import (
    Limits,
    Policy,
    open_paths,
    policy_for,
    policy_from_environment,
    to_environment,
)

__all__ = [
    "SERVER_OPTIONS",
    "Guard",
    "HostingError",
    "Limits",
    "Policy",
    "add_arguments",
    "current_user",
    "open_paths",
    "policy_for",
    "policy_from_arguments",
    "policy_from_environment",
    "to_environment",
]
