"""The entry point of the pytest plugin, which loads the plugin under its own name.

pytest refuses a module that is registered under two names. With the plugin itself as entry point
nobody could name it again, with `-p` or in `pytest_plugins`.
"""

pytest_plugins = "mock_sendpilot.testing.pytest_plugin"
