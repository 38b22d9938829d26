# SPDX-License-Identifier: Apache-2.0
"""
A daemon of one's own in a directory of one's own, from copies of the programs,
so that whatever is left running can be told apart.  Used by the tests in this
directory; run in the build directory.
"""
import json
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

TOP = os.path.abspath(os.environ.get("srcdir", "."))
BUILD = os.getcwd()
PM_TIMER_HZ = 3579545
CTL_MAGIC = 0x54525631
CTL = {"describe": 1, "shutdown": 2, "reset": 3, "suspend": 4, "resume": 5}
CTL_OK = 100


class Failed(Exception):
    pass


def check(condition, what):
    if not condition:
        raise Failed(what)


def until(limit, what, fn):
    """fn() until it is true, or fail."""
    end = time.monotonic() + limit
    while True:
        value = fn()
        if value:
            return value
        check(time.monotonic() < end, what)
        time.sleep(0.01)


class Client:
    """A connection: calls, and events that came in between."""

    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.s.settimeout(20)
        self.s.connect(path)
        self.buf = b""
        self.last = 0
        self.events = []

    def message(self):
        while b"\n" not in self.buf:
            data = self.s.recv(65536)
            check(data, "the daemon closed the connection")
            self.buf += data
        line, self.buf = self.buf.split(b"\n", 1)
        return json.loads(line)

    def raw(self, method, params):
        self.last += 1
        self.s.sendall(json.dumps({"jsonrpc": "2.0", "id": self.last,
                                   "method": method,
                                   "params": params}).encode() + b"\n")
        while True:
            m = self.message()
            if m.get("id") == self.last:
                return m
            if "method" in m:
                self.events.append(m)

    def call(self, method, **params):
        m = self.raw(method, params)
        check("result" in m, "%s: %s" % (method, m.get("error")))
        return m["result"]

    def error(self, method, **params):
        m = self.raw(method, params)
        check("error" in m, "%s did not fail" % method)
        return m["error"]

    def all_events(self):
        """Everything of this daemon's life so far."""
        instance = self.call("server.info")["instance"]
        self.events = []
        self.call("events.subscribe", since_seq=0, instance=instance)
        self.call("server.ping")
        self.call("events.unsubscribe")
        return [m["params"] for m in self.events if m["method"] == "event"]

    def close(self):
        self.s.close()


class World:
    """The directory, the daemon, and what must not be left."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="trivisor-durable.")
        os.chmod(self.dir, 0o755)
        self.daemon = None
        os.mkdir(self.dir + "/bin")
        for program in ("trivisor", "trivisord", "trivisor-monitor"):
            shutil.copy(BUILD + "/bin/" + program, self.dir + "/bin/")
        for name in ("TRIVISOR_SOCKET", "TRIVISORD", "XDG_RUNTIME_DIR"):
            os.environ.pop(name, None)
        self.socket = self.dir + "/run/trivisord.sock"
        self.mounts = self.count_mounts()

    def count_mounts(self):
        with open("/proc/self/mountinfo") as f:
            return len(f.readlines())

    def ours(self):
        """Processes whose program is one of the copies."""
        found = []
        for pid in os.listdir("/proc"):
            if pid.isdigit():
                try:
                    exe = os.readlink("/proc/%s/exe" % pid)
                except OSError:
                    continue
                if exe.startswith(self.dir + "/bin/"):
                    found.append(int(pid))
        return found

    def start(self):
        """Start a daemon; the seconds until it serves."""
        r, w = os.pipe()
        log = open(self.dir + "/daemon.log", "ab")
        begin = time.monotonic()
        self.daemon = subprocess.Popen(
            [self.dir + "/bin/trivisord", "--socket", self.socket,
             "--state-dir", self.dir + "/state", "--run-dir",
             self.dir + "/run", "--log-dir", self.dir + "/log",
             "--metrics-socket", "none",
             "--ready-fd", str(w)], pass_fds=(w,), stdin=subprocess.DEVNULL,
            stdout=log, stderr=log)
        os.close(w)
        check(os.read(r, 1) == b"\n", "the daemon does not get ready: "
              + self.tail("daemon.log"))
        os.close(r)
        log.close()
        return time.monotonic() - begin

    def kill(self, sig=signal.SIGKILL):
        self.daemon.send_signal(sig)
        self.daemon.wait()
        self.daemon = None

    def client(self):
        return Client(self.socket)

    def tail(self, name):
        with open(self.dir + "/" + name, errors="replace") as f:
            return f.read()[-2000:]

    def image(self, listens=False):
        """The heartbeat guest, assembled; one that looks at the button."""
        path = self.dir + ("/listener" if listens else "/heartbeat")
        if not os.path.exists(path):
            subprocess.check_call(
                ["as", "--32", "-o", path + ".o"] +
                (["--defsym", "LISTENS=1"] if listens else []) + [
                 TOP + "/tests/durable/heartbeat.S"])
            subprocess.check_call(
                ["ld", "-m", "elf_i386", "-N", "-Ttext=0x100000",
                 "--build-id=none", "-o", path, path + ".o"],
                stderr=subprocess.DEVNULL)
        return path

    def xml(self, name, more="", listens=False):
        return """<domain type='trivisor'><name>%s</name>
          <memory unit='MiB'>4</memory><vcpu>1</vcpu>
          <os><type>hvm</type><kernel>%s</kernel></os>
          <features><acpi/></features>%s
          <devices><serial type='file'><source path='%s/%s.beat'/></serial>
          </devices></domain>""" % (name, self.image(listens), more, self.dir,
                                    name)

    def beats(self, name):
        """What the guest said: times in seconds, modulo the timer's range."""
        with open("%s/%s.beat" % (self.dir, name), "rb") as f:
            text = f.read()
        lines = text[:text.rfind(b"\n") + 1].split()
        check(all(len(line) == 8 for line in lines),
              name + ": its console lost bytes")
        return [int(line, 16) for line in lines]

    def longest_gap(self, name, since):
        """The longest time without a beat from beat number since on."""
        t = self.beats(name)[since:]
        check(len(t) > 1, name + ": no heartbeat")
        return max((b - a) % (1 << 32) for a, b in zip(t, t[1:])) / PM_TIMER_HZ

    def control(self, uuid, what, body=""):
        """One request to a monitor, as a daemon would make it."""
        s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        s.settimeout(20)
        here = os.open(self.dir + "/run/" + uuid, os.O_RDONLY)
        s.connect("/proc/self/fd/%d/control" % here)
        os.close(here)
        s.send(struct.pack("<IHHQ", CTL_MAGIC, CTL[what], 1, 7)
               + body.encode())
        answer = s.recv(20000)
        s.close()
        check(struct.unpack("<IHHQ", answer[:16])[1] == CTL_OK,
              "%s: %r" % (what, answer))
        return answer[16:].decode()

    def finish(self):
        """Nothing may be left: processes, run directories, mounts."""
        if self.daemon:
            self.kill(signal.SIGTERM)
        until(10, "processes are left", lambda: not self.ours())
        run = self.dir + "/run"
        left = [n for n in os.listdir(run) if not n.startswith("trivisord.")]
        check(not left, "run directories are left: %s" % left)
        check(self.count_mounts() == self.mounts, "mounts are left")

    def clean(self):
        for _ in range(50):
            pids = self.ours()
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            if not pids:
                break
            time.sleep(0.1)
        if self.daemon:
            self.daemon.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def cgroups():
    """The cgroups below ours, where there are any to be seen."""
    with open("/proc/self/cgroup") as f:
        for line in f:
            if line.startswith("0::"):
                top = "/sys/fs/cgroup" + line.strip()[3:]
                return sorted(d for d, _, _ in os.walk(top)
                              if "trivisor" in d)
    return []


def fsize_limit(pid, size):
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def main(*tests):
    """Run them; a failure tells what the daemon said last."""
    status = 0
    for test in tests:
        world = World()
        begin = time.monotonic()
        try:
            test(world)
            print("ok: %s (%.1f s)" % (test.__name__,
                                       time.monotonic() - begin), flush=True)
        except (Failed, OSError, KeyError, IndexError,
                subprocess.SubprocessError) as e:
            status = 1
            print("FAILED: %s: %s" % (test.__name__, e))
            if os.path.exists(world.dir + "/daemon.log"):
                print(world.tail("daemon.log"), flush=True)
        finally:
            world.clean()
    sys.exit(status)
