"""`python -m mock_sendpilot` is `mock-sendpilot`; with no command it starts the server."""

import sys

from mock_sendpilot.cli import main

if __name__ == "__main__":
    main(sys.argv[1:] or ["start"])
