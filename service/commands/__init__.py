"""The command line, one file a verb; ``service/cli.py`` joins them."""
