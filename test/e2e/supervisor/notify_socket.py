# Listens where sd_notify(3) speaks to, and prints every message as a line of JSON.
import json
import os
import socket
import sys

path = sys.argv[1]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(path)
os.chmod(path, 0o777)
print(json.dumps("listening"), flush=True)
while True:
    # The file handle that comes with BARRIER=1 is closed by not asking for it: whoever sent it may go on.
    print(json.dumps(listener.recv(65536).decode().splitlines()), flush=True)
