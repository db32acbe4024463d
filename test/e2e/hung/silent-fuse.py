# Mounts a file system that answers no question but the first one, as an NFS server that is gone.
import ctypes, os, stat, struct, sys

INIT = 26
point = sys.argv[1]
name = "/dev/fuse"
if not os.path.exists(name):
    name = os.path.join(point, "fuse")
    os.mknod(name, 0o600 | stat.S_IFCHR, os.makedev(10, 229))
device = os.open(name, os.O_RDWR)
libc = ctypes.CDLL(None, use_errno=True)
options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
if libc.mount(b"silent", point.encode(), b"fuse", 0, options.encode()) != 0:
    sys.exit("mount: " + os.strerror(ctypes.get_errno()))
print("ready", flush=True)
if len(sys.argv) > 2:
    sys.exit()
while True:
    request = os.read(device, 1 << 17)
    _, operation, unique = struct.unpack_from("<IIQ", request)
    if operation != INIT:
        continue
    # fuse_init_out of <linux/fuse.h>, 64 bytes since protocol 7.23.
    body = struct.pack("<IIIIHHII", 7, 31, 65536, 0, 12, 10, 65536, 1).ljust(64, b"\0")
    os.write(device, struct.pack("<IiQ", 16 + len(body), 0, unique) + body)
