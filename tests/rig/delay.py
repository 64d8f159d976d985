"""delay.py MS JITTER: holds each packet of netfilter queue 0 for MS ± JITTER milliseconds, in
their order. Says `ready`; ends with its standard input. The kernel's own way (netem) is not
in every kernel; this is netlink by hand, for it needs no library."""
import heapq
import random
import select
import socket
import struct
import sys
import time

QUEUE, NETFILTER = 3, 12
PACKET, VERDICT, CONFIG = 0, 1, 2
REQUEST, ACK = 1, 4
ACCEPT = 1


def attribute(kind, body):
    return struct.pack('=HH', 4 + len(body), kind) + body + b'\0' * (-len(body) % 4)


def message(kind, flags, *attributes):
    body = struct.pack('>BBH', 0, 0, 0) + b''.join(attributes)
    return struct.pack('=IHHII', 16 + len(body), QUEUE << 8 | kind, flags, 0, 0) + body


def packets(data):
    """The ids of the packets that wait, out of what the kernel said."""
    while len(data) >= 16:
        length, kind = struct.unpack_from('=IH', data)
        at = 20
        while kind == QUEUE << 8 | PACKET and at + 4 <= length:
            size, name = struct.unpack_from('=HH', data, at)
            if name & 0x7fff == 1:
                yield struct.unpack_from('>I', data, at + 4)[0]
            at += (max(size, 4) + 3) & ~3
        data = data[(length + 3) & ~3 or 16:]


def bind():
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER)
    link.bind((0, 0))
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    link.send(message(CONFIG, REQUEST | ACK, attribute(1, struct.pack('>BBH', 1, 0, 0))))
    error = struct.unpack_from('=i', link.recv(65536), 16)[0]
    if error:
        sys.exit(f'delay: {-error}')
    link.send(message(CONFIG, REQUEST, attribute(2, struct.pack('>IB', 0, 1))))  # headers are enough
    return link


def main():
    late, jitter = float(sys.argv[1]) / 1000, float(sys.argv[2]) / 1000
    link, held, last = bind(), [], 0
    print('ready', flush=True)
    while True:
        now = time.monotonic()
        while held and held[0][0] <= now:
            link.send(message(VERDICT, REQUEST, attribute(2, struct.pack('>II', ACCEPT, heapq.heappop(held)[1]))))
        ready, _, _ = select.select([link, sys.stdin], [], [], max(0, held[0][0] - now) if held else None)
        if sys.stdin in ready:
            return
        if link in ready:
            for packet in packets(link.recv(1 << 20)):
                last = max(last, time.monotonic() + late + random.uniform(-jitter, jitter))
                heapq.heappush(held, (last, packet))


main()
