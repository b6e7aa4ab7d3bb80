"""A proxy in front of a server that is to be broken: what passes can also be held, and delivered later."""

import asyncio

import proxy


class Link(proxy.Proxy):
    """Runs from the start; `target`, the server's port, may be set later."""

    def __init__(self, target: int = 0):
        super().__init__("127.0.0.1", target)
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.__enter__()

    def new_link(self, *streams) -> "HeldLink":
        return HeldLink(self, *streams)

    @property
    def target(self) -> int:
        return self.upstream[1]

    @target.setter
    def target(self, port: int) -> None:
        self.upstream = (self.upstream[0], port)

    def hold(self) -> None:
        """Nothing passes any more, and nobody is told: what a broken network looks like."""
        self._loop.call_soon_threadsafe(self.flowing.clear)

    def release(self) -> None:
        """What was held arrives after all."""
        self._loop.call_soon_threadsafe(self.flowing.set)

    def heal(self) -> None:
        self.delay = 0.0
        self.release()

    def close(self) -> None:
        self.__exit__()


class HeldLink(proxy.Link):
    async def send(self, writer, data: bytes) -> None:
        await self.proxy.flowing.wait()
        await super().send(writer, data)
