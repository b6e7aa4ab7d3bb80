"""A TCP proxy that misbehaves on purpose: it delays, cuts or swallows what passes, and it understands enough of
Postgres' protocol to do so at a COMMIT."""

import asyncio
import socket
import threading

SIZE = 1 << 16


class Proxy:
    """with Proxy("127.0.0.1", 5432) as proxy: …   listens on 127.0.0.1:proxy.port. Its settings may change at any time
    and hold for what passes from then on.

    delay       seconds by which every piece is late, in both directions
    black_hole  what comes is swallowed, and no connection ends: as behind a broken switch
    """

    def __init__(self, host: str, port: int):
        self.upstream = (host, port)
        self.port = 0
        self.delay, self.black_hole = 0.0, False
        self.links: set[Link] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(10), "the proxy does not start"
        return self

    def __exit__(self, *_) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def cut(self) -> None:
        """Ends every connection, as a reset."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(10)

    async def _cut(self) -> None:
        for link in list(self.links):
            link.cut()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()

    async def _serve(self, reader, writer) -> None:
        try:
            to_server = await asyncio.open_connection(*self.upstream)
        except OSError:
            writer.transport.abort()
            return
        link = self.new_link(reader, writer, *to_server)
        self.links.add(link)
        try:
            await asyncio.gather(link.forward(), link.backward())
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            link.cut()
            self.links.discard(link)

    def new_link(self, *streams) -> "Link":
        return Link(self, *streams)


class Link:
    """One connection. A closed side closes the other."""

    def __init__(self, proxy, client_reader, client_writer, server_reader, server_writer):
        self.proxy = proxy
        self.client_reader, self.client_writer = client_reader, client_writer
        self.server_reader, self.server_writer = server_reader, server_writer
        for writer in (client_writer, server_writer):
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def cut(self) -> None:
        for writer in (self.client_writer, self.server_writer):
            writer.transport.abort()

    async def forward(self) -> None:
        await self._copy(self.client_reader, self.server_writer)

    async def backward(self) -> None:
        await self._copy(self.server_reader, self.client_writer)

    async def _copy(self, reader, writer) -> None:
        while data := await reader.read(SIZE):
            await self.send(writer, data)
        raise ConnectionResetError

    async def send(self, writer, data: bytes) -> None:
        if self.proxy.delay:
            await asyncio.sleep(self.proxy.delay)
        if not self.proxy.black_hole:
            writer.write(data)
            await writer.drain()


class PostgresProxy(Proxy):
    """Interferes with COMMIT. `on_commit` is asked for each one that ends a transaction which has locked the progress, and
    answers None to let it pass, BEFORE to cut the connection before the server sees it, or AFTER to cut it when the
    server has committed but the client does not know. `on_cut(moment)`, if set, is called at that very moment, before
    the client can notice anything. Both run in the proxy's thread and must be quick."""

    BEFORE, AFTER = "before the server sees it", "before the client knows"

    def __init__(self, host: str, port: int, on_commit, on_cut=None):
        super().__init__(host, port)
        self.on_commit, self.on_cut = on_commit, on_cut

    def new_link(self, *streams) -> "PostgresLink":
        return PostgresLink(self, *streams)


class PostgresLink(Link):
    """Messages have a type, a length and a body; the ones before the session is begun have no type."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.locks_progress = False  # the transaction under way
        self.cut_at_answer = False

    async def forward(self) -> None:
        while await self._pass_startup():
            pass
        while True:
            head = await self.client_reader.readexactly(5)
            body = await self.client_reader.readexactly(int.from_bytes(head[1:], "big") - 4)
            if head[:1] == b"P" and b"tributary.progress" in body and b"FOR UPDATE" in body:
                self.locks_progress = True
            if head[:1] == b"Q" and body.startswith(b"COMMIT") and self.locks_progress:
                self.locks_progress = False
                moment = self.proxy.on_commit()
                if moment == PostgresProxy.BEFORE:
                    self._interfere(moment)
                self.cut_at_answer = moment == PostgresProxy.AFTER
            await self.send(self.server_writer, head + body)

    async def _pass_startup(self) -> bool:
        """Whether another one follows: after a question for encryption."""
        length = await self.client_reader.readexactly(4)
        body = await self.client_reader.readexactly(int.from_bytes(length, "big") - 4)
        if body[:4] in (b"\x04\xd2\x16\x2f", b"\x04\xd2\x16\x30"):  # SSL, GSS: no
            self.client_writer.write(b"N")
            await self.client_writer.drain()
            return True
        await self.send(self.server_writer, length + body)
        return False

    async def backward(self) -> None:
        while True:
            head = await self.server_reader.readexactly(5)
            body = await self.server_reader.readexactly(int.from_bytes(head[1:], "big") - 4)
            if self.cut_at_answer and head[:1] == b"C" and body.startswith(b"COMMIT"):
                self._interfere(PostgresProxy.AFTER)
            await self.send(self.client_writer, head + body)

    def _interfere(self, moment) -> None:
        if self.proxy.on_cut:
            self.proxy.on_cut(moment)
        self.cut()
        raise ConnectionResetError
