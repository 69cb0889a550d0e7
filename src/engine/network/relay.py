# Runs in the toolbox: carries many TCP connections over one pair of pipes.
# A frame is connection (4 bytes), kind (1), length (4), payload. Ends when its input ends.
import errno, os, queue, socket, struct, sys, threading, time

OPEN, DATA, END, CLOSE = 0, 1, 2, 3
lock = threading.Lock()


def tell(number, kind, data=b""):
    with lock:
        rest = memoryview(struct.pack(">IBI", number, kind, len(data)) + data)
        while rest:
            rest = rest[os.write(1, rest):]


def look_up(host, port, answer):
    try:
        answer.append(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        answer.append(None)


def dial(host, port, within):
    end = time.monotonic() + within
    answer = []
    # A name of the network is answered at once; one that takes the whole time is known to nobody.
    thread = threading.Thread(target=look_up, args=(host, port, answer), daemon=True)
    thread.start()
    thread.join(within)
    if not answer or not answer[0]:
        raise LookupError(host)
    trouble = OSError("no address")
    for family, kind, protocol, _, address in answer[0]:
        s = socket.socket(family, kind, protocol)
        try:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            s.settimeout(max(0.05, end - time.monotonic()))
            s.connect(address)
            s.settimeout(None)
            return s
        except OSError as error:
            s.close()
            trouble = error
    raise trouble


def word(error):
    if isinstance(error, LookupError):
        return "name"
    if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        return "timeout"
    if error.errno == errno.ECONNREFUSED:
        return "refused"
    if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
        return "unreachable"
    if error.errno in (errno.ECONNRESET, errno.EPIPE):
        return "reset"
    return "other " + str(error)


def send(s, orders):
    try:
        while True:
            order = orders.get()
            if order is CLOSE:
                break
            if order is END:
                s.shutdown(socket.SHUT_WR)
            else:
                s.sendall(order)
    except OSError:
        pass  # The receiving side tells it.
    try:
        s.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def serve(number, request, orders):
    within, port, host = request.split(" ", 2)
    opened = False
    try:
        s = dial(host, int(port), int(within) / 1000)
        opened = True
        tell(number, OPEN)
        threading.Thread(target=send, args=(s, orders), daemon=True).start()
        while True:
            data = s.recv(65536)
            if not data:
                break
            tell(number, DATA, data)
        tell(number, END)
    except (OSError, LookupError) as error:
        reason = word(error)
        if reason == "reset" and not opened:
            tell(number, OPEN)  # It was accepted, and reset before that was seen here.
        tell(number, CLOSE, reason.encode())
    except RuntimeError as error:  # No more threads.
        tell(number, CLOSE, ("other " + str(error)).encode())


def main():
    connections = {}
    source = sys.stdin.buffer
    while True:
        head = source.read(9)
        if len(head) < 9:
            os._exit(0)
        number, kind, length = struct.unpack(">IBI", head)
        data = source.read(length)
        if kind == OPEN:
            orders = connections[number] = queue.SimpleQueue()
            threading.Thread(target=serve, args=(number, data.decode(), orders), daemon=True).start()
        elif kind == CLOSE:
            connections.pop(number, queue.SimpleQueue()).put(CLOSE)
        else:
            connections[number].put(END if kind == END else data)


main()
