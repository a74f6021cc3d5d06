"""``python -m service``: the same as ``panhuo``."""

from service.entry import main

main()
