"""An HTTP/1.1 server for any WSGI app."""
