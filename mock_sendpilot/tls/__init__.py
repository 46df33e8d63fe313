"""HTTPS for an emulator, and connections to the vendor's host that reach it.

It stands in front of a server that speaks HTTP, of which it knows the port and nothing else. The
certificates come from trustme, which is the extra `tls`.
"""
