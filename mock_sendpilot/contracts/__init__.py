"""Contracts: how the vendor's documents may be read, as data, and every word on the wire."""
