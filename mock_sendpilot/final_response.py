"""HTTP responses that are read past the interim ones before them."""

import http.client
from http import HTTPStatus


class FinalResponse(http.client.HTTPResponse):
    """A response that is read past every interim one before it.

    http.client skips 100 alone and takes 102 Processing and 103 Early Hints for the response; web
    servers and proxies send both unasked.
    """

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not HTTPStatus.CONTINUE <= status < HTTPStatus.OK:
                return version, status, reason
            http.client.parse_headers(self.fp)
