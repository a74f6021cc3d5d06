"""Who works at this machine."""

from __future__ import annotations

import os
import pwd


def machine_user() -> str:
    """Return the name of the machine's user, and of whom it stands for under sudo.

    A user without a name, as in a container, is told by its number.
    """
    number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:
        name = f"uid {number}"
    before = os.environ.get("SUDO_USER", "")
    return f"{name} (sudo by {before})" if before and before != name else name
