# A name server that takes every question and answers none; it counts them into the file named first.
import socket, sys

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
print("ready", flush=True)
with open(sys.argv[1], "w") as log:
    while True:
        server.recv(4096)
        log.write("?")
        log.flush()
