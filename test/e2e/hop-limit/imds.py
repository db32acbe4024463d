# A metadata service whose PUT answers may cross only so many routers, as EC2's do.
# usage: imds.py <hops> <address> [<address> ...]   (port 80; prints "ready"; for use inside a network namespace only)
import json
import socket
import sys
import threading
import time

HOPS = int(sys.argv[1])
TOKEN = "AQAEALabTokenLabTokenLabTokenLabTokenLabTokenLabTokenLab=="


def iso(seconds_from_now):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds_from_now))


def answer(status, body="", headers=()):
    lines = [f"HTTP/1.1 {status} Lab", f"Content-Length: {len(body)}"]
    lines.append("Date: " + time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()))
    lines.extend(headers)
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def get(path):
    if path == "/latest/meta-data/iam/security-credentials/":
        return answer(200, "lab-role")
    if path == "/latest/meta-data/iam/security-credentials/lab-role":
        return answer(200, json.dumps({
            "Code": "Success", "LastUpdated": iso(-60), "Type": "AWS-HMAC", "AccessKeyId": "ASIALABLABLABLABLABL",
            "SecretAccessKey": "lab-secret", "Token": "lab-session-token", "Expiration": iso(6 * 3600)}))
    if path == "/latest/meta-data/iam/info":
        return answer(200, json.dumps({
            "Code": "Success", "LastUpdated": iso(-60),
            "InstanceProfileArn": "arn:aws:iam::123456789012:instance-profile/lab", "InstanceProfileId": "AIPALAB"}))
    if path == "/latest/dynamic/instance-identity/document":
        return answer(200, json.dumps({"instanceId": "i-0123456789abcdef0", "region": "eu-central-1"}))
    return answer(404)


def serve(connection):
    buffer = b""
    with connection:
        while True:
            while b"\r\n\r\n" not in buffer:
                data = connection.recv(65536)
                if not data:
                    return
                buffer += data
            head, buffer = buffer.split(b"\r\n\r\n", 1)
            request, *fields = head.decode().split("\r\n")
            method, path, _ = request.split(" ")
            headers = {name.lower(): value.strip() for name, value in (field.split(":", 1) for field in fields)}
            if method == "PUT":
                # From here on, as nothing but the answer to the PUT is to be lost; the SYN-ACK went with the default.
                if connection.family == socket.AF_INET6:
                    connection.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, HOPS)
                else:
                    connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, HOPS)
                connection.sendall(answer(200, TOKEN, ["X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 21600"]))
            elif headers.get("x-aws-ec2-metadata-token") == TOKEN:
                connection.sendall(get(path))
            else:
                connection.sendall(answer(401))


def listen(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, 80))
    listener.listen(16)

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


for each in sys.argv[2:]:
    listen(each)
print("ready", flush=True)
# Until the pipe that started us is closed.
sys.stdin.read()
