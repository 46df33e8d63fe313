"""HTTP responses without the interim ones before them."""

import http.client
from http import HTTPStatus


class FinalResponse(http.client.HTTPResponse):
    """A response read past every 1xx that comes first.

    http.client reads past 100 alone and takes 102 Processing and 103 Early Hints for the answer;
    web servers and proxies send both without being asked.
    """

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not HTTPStatus.CONTINUE <= status < HTTPStatus.OK:
                return version, status, reason
            http.client.parse_headers(self.fp)
