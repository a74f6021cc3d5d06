"""``panhuo`` as it is installed, but with units of few firms: the sample then makes many."""

from __future__ import annotations

import os


def main() -> None:
    """Run ``panhuo`` with units of ``PANHUO_UNIT`` firms."""
    from matcher.push.plan import PushPlan

    start = PushPlan.__init__
    usual = PushPlan.__dataclass_fields__["unit"].default
    assert start.__defaults__ is not None
    assert start.__defaults__.count(usual) == 1
    start.__defaults__ = tuple(
        int(os.environ["PANHUO_UNIT"]) if value == usual else value for value in start.__defaults__
    )
    from service.entry import main as run

    run()


if __name__ == "__main__":
    main()
