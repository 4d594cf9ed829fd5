"""A server inside an HTTP client's transport: no sockets, but the real client."""

import httpx2


class TransportServer:
    """Gives its answers in turn, or raises them. Keeps the requests and the clients."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self._answers = list(answers)
        self.requests: list[httpx2.Request] = []
        self.clients: list[httpx2.AsyncClient] = []

    def open(self) -> httpx2.AsyncClient:
        self.clients.append(httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer)))
        return self.clients[-1]

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer
