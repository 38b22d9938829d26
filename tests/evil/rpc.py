# SPDX-License-Identifier: Apache-2.0
"""A daemon of the test's own, and connections to it that may say anything."""
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

BUILD = os.getcwd()


def multiboot_guest(path):
    """A guest that says 'A' on its serial port and sleeps for ever."""
    code = bytes.fromhex("66baf803b041ee" "fb" "f4ebfd")
    header = struct.pack("<III", 0x1BADB002, 0, -0x1BADB002 & 0xFFFFFFFF)
    body = header + code
    at = 0x100000
    ident = b"\x7fELF\1\1\1" + bytes(9)
    eh = ident + struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, at + len(header), 52,
                             0, 0, 52, 32, 1, 0, 0, 0)
    ph = struct.pack("<IIIIIIII", 1, 128, at, at, len(body), len(body), 5, 1)
    with open(path, "wb") as f:
        f.write((eh + ph).ljust(128, b"\0") + body)


class Failure(Exception):
    pass


class Closed(Exception):
    """The daemon ended the connection."""


class Conn:
    """Raw bytes out, messages in."""

    def __init__(self, path, timeout=20.0):
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # With a time limit it would not wait for a place in the queue.
        self.s.connect(path)
        self.s.settimeout(timeout)
        self.buf = b""
        self.next_id = 0

    def send(self, data):
        try:
            self.s.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as e:
            raise Closed(str(e)) from e

    def recv(self):
        """One message: the daemon puts each on a line."""
        while b"\n" not in self.buf:
            try:
                more = self.s.recv(65536)
            except ConnectionResetError as e:
                raise Closed(str(e)) from e
            if not more:
                raise Closed("end of file")
            self.buf += more
        line, self.buf = self.buf.split(b"\n", 1)
        return json.loads(line)

    def post(self, method, **params):
        self.next_id += 1
        self.send(json.dumps({"jsonrpc": "2.0", "id": self.next_id,
                              "method": method, "params": params}).encode())
        return self.next_id

    def answer(self, ident):
        while True:
            m = self.recv()
            if m.get("id") == ident:
                return m

    def call(self, method, **params):
        m = self.answer(self.post(method, **params))
        if "error" in m:
            raise Failure("%s: %s" % (method, m["error"]))
        return m["result"]

    def code(self, method, **params):
        """0, or the code of the error."""
        return self.answer(self.post(method, **params)).get(
            "error", {"code": 0})["code"]

    def ended(self, seconds):
        """Has the daemon closed the connection, within a while?"""
        self.s.settimeout(seconds)
        try:
            while self.s.recv(65536):
                pass
        except socket.timeout:
            return False
        except OSError:
            pass
        return True

    def close(self):
        self.s.close()


class Daemon:
    """bin/trivisord in a directory of its own.

    A private one ends with this process.  One that is not may be ended and
    started again, and must be stopped.  prefix: a command that runs it.
    """

    def __init__(self, *options, private=True, prefix=()):
        self.dir = tempfile.mkdtemp(prefix="trivisor-evil.")
        os.chmod(self.dir, 0o755)
        self.log = open(os.path.join(self.dir, "out"), "wb")
        self.socket = os.path.join(self.dir, "d", "sock")
        self.ro_socket = os.path.join(self.dir, "ro", "sock")
        life_r, self.life = os.pipe()
        self.args = [os.path.join(BUILD, "bin", "trivisord"),
                     "--ro-socket", self.ro_socket]
        if private:
            self.args += ["--private", os.path.join(self.dir, "d"),
                          "--lifeline-fd", str(life_r)]
        else:
            for what in "state", "run", "log":
                self.args += ["--%s-dir" % what,
                              os.path.join(self.dir, what)]
            self.args += ["--socket", self.socket]
        self.args = list(prefix) + self.args + list(options)
        self.start(life_r)
        os.close(life_r)

    def start(self, *fds):
        ready, ready_w = os.pipe()
        self.p = subprocess.Popen(
            self.args + ["--ready-fd", str(ready_w)], stderr=self.log,
            pass_fds=(ready_w,) + fds)
        self.pid = self.p.pid
        os.close(ready_w)
        if not os.read(ready, 1):
            raise Failure("the daemon does not start:\n" + self.text())
        os.close(ready)

    def end(self):
        if self.p.poll() is None:
            self.p.send_signal(signal.SIGTERM)
        try:
            self.p.wait(20)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()
        return self.p.returncode

    def text(self):
        with open(os.path.join(self.dir, "out"), "rb") as f:
            return f.read().decode(errors="replace")

    def conn(self, timeout=20.0):
        return Conn(self.socket, timeout)

    def alive(self):
        return self.p.poll() is None

    def fds(self):
        return len(os.listdir("/proc/%d/fd" % self.pid))

    def memory(self, field):
        """In MiB: VmRSS now, VmHWM the most it ever was."""
        with open("/proc/%d/status" % self.pid) as f:
            for line in f:
                if line.startswith(field):
                    return int(line.split()[1]) / 1024
        raise Failure("no " + field)

    def stop(self):
        os.close(self.life)
        status = self.end()
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)
        return status


def wait_for(what, seconds, condition):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failure("not within %g s: %s" % (seconds, what))
        time.sleep(0.05)


class Checks:
    """Named checks; the summary is the exit status."""

    def __init__(self):
        self.failed = 0
        self.n = 0

    def ok(self, what, good, detail=""):
        self.n += 1
        if not good:
            self.failed += 1
        print("%s: %s%s" % ("ok" if good else "FAILED", what,
                            "" if good or not detail else ": %s" % detail),
              flush=True)

    def run(self, what, fn, *args):
        try:
            fn(*args)
        except Exception as e:  # a check that breaks has failed
            self.ok(what, False, "%s: %s" % (type(e).__name__, e))
        else:
            self.ok(what, True)

    def exit(self):
        print("%d checks, %d failed" % (self.n, self.failed))
        sys.exit(1 if self.failed else 0)
