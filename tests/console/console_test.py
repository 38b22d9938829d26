#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Serial consoles as their users meet them: every backend, several viewers, the
ways out of a terminal, scripts, a daemon that is killed, floods.

The programs run as copies from a directory of their own; what is left of them
or of their files at the end is a failure.  With --long, 100 MB instead of 2.
"""
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import termios
import time
import traceback

TOP = os.path.abspath(os.environ.get("srcdir", "."))
BUILD = os.getcwd()
LONG = "--long" in sys.argv
DIR = tempfile.mkdtemp(prefix="trivisor-console.")
SOCKET = DIR + "/run/sock"
GUEST = DIR + "/guest"
CAP = 256 * 1024
NOTE = re.compile(rb"(?:\r\n)?\[trivisor: (\d+) bytes skipped\]\r\n")


# --- the programs ------------------------------------------------------------

def build_guest():
    """A multiboot 1 ELF32 at 1 MiB with guest.S as its code."""
    source = TOP + "/tests/console/guest.S"
    subprocess.run(["as", "--32", "-o", DIR + "/guest.o", source], check=True)
    subprocess.run(["ld", "-m", "elf_i386", "-Ttext", "0x100060", "--oformat",
                    "binary", "-o", DIR + "/guest.bin", DIR + "/guest.o"],
                   check=True)
    with open(DIR + "/guest.bin", "rb") as f:
        code = f.read()
    words = [0x464c457f, 0x00010101, 0, 0, 0x00030002, 1, 0x100060, 52, 0, 0,
             0x00200034, 0x00280001, 0,
             1, 0, 0x100000, 0x100000, 0x1000, 0x1000, 7, 0x1000,
             0x1badb002, 0, 0xe4524ffe]
    image = b"".join(w.to_bytes(4, "little") for w in words)
    assert len(image) == 0x60
    with open(GUEST, "wb") as f:
        f.write((image + code).ljust(4096, b"\0"))


class Daemon:
    process = None

    def start(self):
        self.process = subprocess.Popen(
            [DIR + "/bin/trivisord", "--socket", SOCKET, "--state-dir",
             DIR + "/state", "--run-dir", DIR + "/run", "--log-dir",
             DIR + "/log", "--console-log-size", str(CAP)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(DIR + "/daemon.log", "ab"))
        until(lambda: cli("list").returncode == 0, "the daemon answers")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


daemon = Daemon()


def argv(*args):
    return [DIR + "/bin/trivisor", "-c", SOCKET, *args]


def cli(*args, limit=60, **more):
    more.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(argv(*args), capture_output=True, timeout=limit,
                          check=False, **more)


def ok(*args, **more):
    r = cli(*args, **more)
    assert r.returncode == 0, (args, r)
    return r.stdout


def until(condition, what, limit=30):
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, "not in time: " + what
        time.sleep(0.02)


def start(name, serial):
    xml = f"""<domain type='qemu'><name>{name}</name>
<memory unit='MiB'>16</memory><vcpu>1</vcpu>
<os><type arch='x86_64'>hvm</type><kernel>{GUEST}</kernel></os>
<devices>{serial}</devices></domain>"""
    with open(f"{DIR}/{name}.xml", "w", encoding="ascii") as f:
        f.write(xml)
    ok("define", f"{DIR}/{name}.xml")
    ok("start", name, "--mode", "bt", "--debug-exit")


def pid_of(name):
    return int(re.search(rb"Process: *(\d+)", ok("dominfo", name)).group(1))


def ended(name):
    cli("destroy", name)
    ok("undefine", name)


def stats(name):
    """domain.stats, which no verb prints whole."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(SOCKET)
        s.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "domain.stats",
                           "params": {"domain": name}}).encode() + b"\n")
        return json.loads(s.makefile().readline())["result"]


# --- streams -------------------------------------------------------------------

def read_until(fd, pattern, limit=30):
    """What comes from fd until pattern is in it."""
    got = b""
    end = time.monotonic() + limit
    while not re.search(pattern, got):
        left = end - time.monotonic()
        assert left > 0, (pattern, got[-500:])
        if select.select([fd], [], [], left)[0]:
            more = os.read(fd, 65536)
            assert more, ("end of stream", pattern, got[-500:])
            got += more
    return got


def quiet(fd, seconds=0.3):
    assert not select.select([fd], [], [], seconds)[0], os.read(fd, 500)


class Viewer:
    """A `console' whose standard streams are pipes."""

    def __init__(self, *args):
        self.p = subprocess.Popen(argv("console", *args), bufsize=0,
                                  stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
        self.out = self.p.stdout.fileno()
        self.err = self.p.stderr.fileno()

    def types(self, data):
        self.p.stdin.write(data)

    def ends(self, limit=20):
        status = self.p.wait(limit)
        for f in (self.p.stdin, self.p.stdout, self.p.stderr):
            f.close()
        return status

    def leaves(self):
        self.p.kill()
        self.ends()


class Terminal:
    """A `console' in a terminal of its own."""

    def __init__(self, *args):
        self.master, slave = pty.openpty()
        self.before = termios.tcgetattr(slave)
        self.slave = slave

        def own_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        self.p = subprocess.Popen(argv(*args), stdin=slave, stdout=slave,
                                  stderr=slave, preexec_fn=own_terminal)
        until(self.is_raw, "the terminal is raw")

    def is_raw(self):
        return not termios.tcgetattr(self.slave)[3] & termios.ICANON or \
            self.p.poll() is not None

    def is_as_before(self):
        return termios.tcgetattr(self.slave) == self.before

    def types(self, data):
        os.write(self.master, data)

    def ends(self, limit=20):
        status = self.p.wait(limit)
        assert self.is_as_before()
        os.close(self.master)
        os.close(self.slave)
        return status


def numbers(data):
    """The numbers of a flood are consecutive, but where a note says so."""
    at = 0
    total = 0
    for note in NOTE.finditer(data):
        total += int(note.group(1))
    plain = NOTE.sub(b"\n", data)
    seen = [int(n) for n in re.findall(rb"(?<!\d)(\d{8})\r\n", plain)]
    assert seen == sorted(set(seen)), "numbers go back"
    missing = seen[-1] - seen[0] + 1 - len(seen)
    # A gap begins or ends within a line.
    assert abs(total - 10 * missing) <= 20 * (at + data.count(b"skipped") + 1)
    if not total:
        assert missing == 0
    return seen


# --- backends -------------------------------------------------------------------

def tty_of(name):
    return re.search(rb"<source path=['\"](/dev/pts/\d+)['\"]",
                     ok("dumpxml", name)).group(1).decode()


def test_pty_survives_the_daemon():
    start("p", "<serial type='pty'/><console type='pty'/>")
    path = tty_of("p")
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
    read_until(fd, rb"^ready\r\n$")
    os.write(fd, b"one")
    read_until(fd, rb"one")
    daemon.kill()
    os.write(fd, b"two")
    read_until(fd, rb"two")
    daemon.start()
    assert tty_of("p") == path
    # All else that reads is independent of it.
    assert b"readyonetwo" in ok("console", "p", "--until", "two").replace(
        b"\r\n", b"")
    os.write(fd, b"q")
    until(lambda: b"p " not in ok("list"), "its end")
    os.close(fd)
    ended("p")


def test_pty_without_a_reader_keeps_the_latest():
    start("p", "<serial type='pty'/>")
    ok("console", "p", "--send", "f", "--until", "done", "--timeout", "60")
    fd = os.open(tty_of("p"), os.O_RDWR | os.O_NOCTTY)
    got = read_until(fd, rb"done\r\n")
    assert got.startswith(b"ready\r\n00000000\r\n")
    assert NOTE.search(got)
    assert numbers(got[7:])[-1] == 199999
    os.close(fd)
    ended("p")


def test_file_and_log():
    file, log = DIR + "/file.out", DIR + "/log.out"
    serial = f"<serial type='file'><source path='{file}' append='on'/>" \
        f"<log file='{log}' append='on'/></serial>"
    expected = b"ready\r\n" + b"".join(b"%08d\r\n" % i for i in range(100)) + \
        b"done\r\n"
    with open(file, "wb") as f:
        f.write(b"before\n")
    with open(log, "wb") as f:
        f.write(b"earlier\n")
    start("l", serial)
    ok("console", "l", "--send", "s", "--until", "done")
    assert ok("console", "l", "--until", "done") == expected
    assert ok("console", "l", "--history", "2M", "--until", "done") == \
        b"earlier\n" + expected
    ended("l")
    with open(file, "rb") as f:
        assert f.read() == b"before\n" + expected
    with open(log, "rb") as f:
        assert f.read() == b"earlier\n" + expected
    # Without append they begin anew.
    start("l", serial.replace("append='on'", ""))
    ok("console", "l", "--until", "ready")
    ended("l")
    for path in (file, log):
        with open(path, "rb") as f:
            assert f.read() == b"ready\r\n"
    os.unlink(file)
    os.unlink(log)


def test_pipe_that_is_read_late():
    path = DIR + "/pipe"
    os.mkfifo(path)
    start("l", f"<serial type='file'><source path='{path}'/></serial>")
    ok("console", "l", "--send", "f", "--until", "done")
    fd = os.open(path, os.O_RDONLY)
    got = read_until(fd, rb"done\r\n")
    assert got.startswith(b"ready\r\n00000000\r\n")
    assert NOTE.search(got)
    assert numbers(got[7:])[-1] == 199999
    os.close(fd)
    assert int(stats("l")["serial0.file_lost"]) > 0
    ended("l")
    os.unlink(path)


def test_file_on_a_full_disk():
    start("l", "<serial type='file'><source path='/dev/full'/></serial>")
    ok("console", "l", "--send", "f", "--until", "done")
    ended("l")


def test_log_stays_below_its_cap():
    log = DIR + "/log.out"
    start("l", f"<serial type='pty'><log file='{log}'/></serial>")
    for _ in range(2):
        ok("console", "l", "--send", "f", "--no-history", "--until", "done")
        assert os.stat(log).st_size <= CAP
    until(lambda: open(log, "rb").read().endswith(b"done\r\n"), "all of it")
    with open(log, "rb") as f:
        got = f.read()
    assert CAP / 2 - 8192 < len(got) <= CAP
    assert re.match(rb"\[trivisor: \d+ older bytes dropped\]\r\n\d{8}\r\n",
                    got)
    assert numbers(got)[-1] == 399999
    ended("l")
    os.unlink(log)


def connect(path):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    return s


def test_unix_socket():
    path = DIR + "/serial.sock"
    start("u", f"<serial type='unix'><source mode='bind' path='{path}'/>"
          "</serial>")
    assert stat.S_IMODE(os.stat(path).st_mode) & 0o077 == 0
    with connect(path) as s:
        read_until(s.fileno(), rb"^ready\r\n$")
        s.send(b"abc")
        read_until(s.fileno(), rb"abc")
        with connect(path) as second:
            quiet(second.fileno())
            second.send(b"x")
            read_until(s.fileno(), rb"x")
            read_until(second.fileno(), rb"x")
        daemon.kill()
        s.send(b"here")
        read_until(s.fileno(), rb"here")
    # Nobody is there; the next one gets it.
    daemon.start()
    ok("console", "u", "--send", "later", "--until", "later")
    with connect(path) as s:
        read_until(s.fileno(), rb"^later$")
    ended("u")
    assert not os.path.exists(path)
    # However its monitor ends.
    ok("define", DIR + "/u.xml")
    ok("start", "u", "--mode", "bt")
    assert os.path.exists(path)
    os.kill(pid_of("u"), signal.SIGKILL)
    until(lambda: not os.path.exists(path), "the socket goes")
    ok("start", "u", "--mode", "bt")
    pid = pid_of("u")
    daemon.kill()
    os.kill(pid, signal.SIGKILL)
    assert os.path.exists(path)
    daemon.start()
    until(lambda: not os.path.exists(path), "the socket goes")
    ok("undefine", "u")


def test_null():
    start("n", "<serial type='null'/>")
    assert ok("console", "n", "--until", "ready") == b"ready\r\n"
    ended("n")


# --- viewers ---------------------------------------------------------------------

def test_first_writes_others_watch():
    start("v", "<serial type='pty'/>")
    a = Viewer("v")
    read_until(a.out, rb"ready\r\n")
    b = Viewer("v")
    read_until(b.out, rb"ready\r\n")
    read_until(b.err, rb"another viewer writes to v; you watch")
    c = Viewer("v", "--watch")
    read_until(c.out, rb"ready\r\n")
    b.types(b"B")
    read_until(b.out, rb"\[trivisor: you only watch")
    a.types(b"A")
    for v in (a, b, c):
        assert b"B" not in read_until(v.out, rb"A")
    # The next one's turn, but not that of one who only watches.
    a.leaves()
    read_until(b.out, rb"\[trivisor: what you type goes to the guest now\]")
    b.types(b"b")
    read_until(c.out, rb"b")
    d = Viewer("v", "--force", "--no-history")
    read_until(b.out, rb"\[trivisor: another viewer writes now")
    d.types(b"d")
    b.types(b"lost")
    for v in (b, c, d):
        assert b"lost" not in read_until(v.out, rb"d")
    quiet(c.out)
    for v in (b, c, d):
        v.leaves()
    ended("v")


def test_all_bytes_pass():
    start("b", "<serial type='pty'/>")
    data = bytes(i for i in range(256) if i not in b"sfFq") + \
        "ÄÖÜ – 日本語 🐧".encode()
    ok("console", "b", "--until", "ready")
    v = Viewer("b", "--no-history")
    # In one go: faster than the guest takes them.
    v.types(data * 20)
    got = b""
    while len(got) < 20 * len(data):
        got += read_until(v.out, rb"(?s).")
    assert got == data * 20
    v.leaves()
    ended("b")


def test_flood_with_stopped_readers():
    start("s", "<serial type='pty'/>")
    pid = pid_of("s")
    stopped = Viewer("s")
    read_until(stopped.out, rb"ready")
    stopped.p.send_signal(signal.SIGSTOP)
    fast = Viewer("s", "--watch", "--no-history")
    before = rss(pid)
    began = time.monotonic()
    command, last = (b"F", 9999999) if LONG else (b"f", 199999)
    stopped_typist = Viewer("s", "--force", "--no-history")
    stopped_typist.types(command)
    got = b""
    while b"done" not in got:
        got = got[-64:] + read_until(fast.out, rb"(?s).", 600)
    seconds = time.monotonic() - began
    grown = rss(pid) - before
    print(f"summary: {(last + 1) / 1e5:.0f} MB in {seconds:.1f} s, RSS + "
          f"{grown >> 10} KiB")
    assert grown <= (2 << 20) + before // 100
    assert stats("s")["serial0.bytes"] > 10 * last
    stopped.p.send_signal(signal.SIGCONT)
    got = read_until(stopped.out, rb"done\r\n", 60)
    assert NOTE.search(got)
    assert numbers(got)[-1] == last
    assert stats("s")["serial0.skipped"] > 0
    for v in (stopped, fast, stopped_typist):
        v.leaves()
    ended("s")


def rss(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# --- a terminal's ways out ---------------------------------------------------------

def test_ways_out_of_a_terminal():
    start("t", "<serial type='pty'/>")
    ok("console", "t", "--until", "ready")
    for args, keys, echoed in (
            ((), b"hello\x1d", b"hello"),
            ((), b"hello\r~.", b"hello\r"),
            ((), b"~.", b""),
            ((), b"a~.\r~~x\r~y\x1d", b"a~.\r~x\r~y"),
            (("--escape", "^A"), b"x\x1dy\x01", b"x\x1dy"),
            (("--escape", "^A"), b"\r~.", b"\r")):
        v = Viewer("t", "--watch", "--history", "1")
        read_until(v.out, rb"(?s).")
        t = Terminal("console", "t", "--no-history", *args)
        t.types(keys)
        assert t.ends() == 0
        if echoed:
            got = b""
            while len(got) < len(echoed):
                got += read_until(v.out, rb"(?s).")
            assert got == echoed, (keys, got)
        quiet(v.out, 0.1)
        v.leaves()
    t = Terminal("console", "t", "--no-history", "--escape", "none")
    t.types(b"\x1d\r~.end")
    read_until(t.master, rb"\x1d\r~\.end")
    assert t.p.poll() is None
    t.p.terminate()
    assert t.ends() == -signal.SIGTERM
    for sig in (signal.SIGHUP, signal.SIGINT, signal.SIGSEGV, signal.SIGQUIT,
                signal.SIGABRT):
        t = Terminal("console", "t")
        read_until(t.master, rb"ready")
        t.p.send_signal(sig)
        assert t.ends() == -sig, sig
    t = Terminal("console", "t", "--no-history")
    t.types(b"~?")
    read_until(t.master, rb"Ctrl-\] or ~\. leaves")
    # Stopped from outside, and on again.
    t.p.send_signal(signal.SIGTSTP)
    until(t.is_as_before, "the shell's terminal")
    t.p.send_signal(signal.SIGCONT)
    until(t.is_raw, "raw again")
    t.types(b"q")
    read_until(t.master, rb"it has ended")
    assert t.ends() == 0
    ended("t")


def test_run_in_a_terminal():
    t = Terminal("run", "--kernel", GUEST, "--debug-exit", "--mode", "bt")
    read_until(t.master, rb"ready\r\n")
    until(t.is_raw, "the terminal is raw")
    # No escapes here, but a second Ctrl-C.
    t.types(b"a\x1d\r~.\x03")
    read_until(t.master, rb"a\x1d\r~\.\x03")
    time.sleep(1.1)
    t.types(b"q")
    read_until(t.master, rb"\r\ntrivisor: run-\d+: .* after [0-9.]+ s.*\r\n")
    assert t.ends() == 3
    t = Terminal("run", "--kernel", GUEST, "--mode", "bt")
    read_until(t.master, rb"ready\r\n")
    until(t.is_raw, "the terminal is raw")
    t.types(b"\x03\x03")
    assert t.ends() == -signal.SIGINT


# --- scripts -----------------------------------------------------------------------

def test_scripts():
    assert cli("console", "x").returncode == 3
    start("x", "<serial type='pty'/>")
    ok("console", "x", "--until", "ready")
    assert cli("console", "x", "--until", "never", "--timeout",
               "0.3").returncode == 124
    assert ok("console", "x", "--send", r"k\x41\\y", "--until", "kA.y",
              "--no-history") == b"kA\\y"
    r = cli("console", "x", "--send", r"\z")
    assert r.returncode == 2 and b"no escape" in r.stderr
    r = cli("console", "x", "--serial", "1")
    assert r.returncode == 1 and b"no serial port 1" in r.stderr, r
    # A pipe: its end does not end the console, unless asked.
    v = Viewer("x", "--no-history")
    v.types(b"piped")
    v.p.stdin.close()
    read_until(v.out, rb"piped")
    time.sleep(0.2)
    assert v.p.poll() is None
    v.leaves()
    ok("console", "x", "--exit-on-eof", stdin=None, input=b"more")
    assert b"pipedmore" in ok("console", "x", "--until", "more")
    assert b"skipped" not in ok("console", "x", "--history", "4", "--until",
                                "more")
    # The end of the domain says so.
    r = cli("console", "x", "--send", "q", "--no-history")
    assert r.returncode == 0 and b"x: it has ended: " in r.stderr, r
    r = cli("console", "x")
    assert r.returncode == 4 and b"not running" in r.stderr, r
    r = cli("console", "x", "--wait", "--timeout", "0.3")
    assert r.returncode == 124, r
    v = Viewer("x", "--wait", "--until", "ready", "--timeout", "60")
    time.sleep(0.3)
    ok("start", "x", "--mode", "bt", "--debug-exit")
    assert read_until(v.out, rb"ready") == b"ready\r\n"
    assert v.ends() == 0
    r = cli("console", "x", "--send", "q", "--until", "never")
    assert r.returncode == 4 and b"no line matched" in r.stderr, r
    r = cli("start", "x", "--mode", "bt", "--debug-exit", "--console",
            stdin=None, input=b"q")
    assert r.returncode == 0 and r.stdout == b"ready\r\n", r
    ended("x")


def test_attached_console_outlives_the_daemon():
    start("d", "<serial type='pty'/>")
    v = Viewer("d")
    read_until(v.out, rb"ready")
    daemon.kill()
    v.types(b"alive")
    read_until(v.out, rb"alive")
    daemon.start()
    v.types(b"again")
    read_until(v.out, rb"again")
    v.types(b"q")
    assert v.ends() == 0
    ended("d")


# --- all of them --------------------------------------------------------------------

def ours():
    """Processes that run one of our copies."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/exe").startswith(DIR + "/bin/"):
                found.append(int(pid))
        except OSError:
            pass
    return found


def run(test):
    try:
        test()
        print("ok: " + test.__name__)
        return True
    except Exception:
        traceback.print_exc()
        print("FAILED: " + test.__name__)
        return False
    finally:
        sys.stdout.flush()


def main():
    os.environ["TMPDIR"] = DIR
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wanted = [a for a in sys.argv[1:] if not a.startswith("-")]
    tests = [f for name, f in globals().items() if name.startswith("test_") and
             (not wanted or any(w in name for w in wanted))]
    good = True
    try:
        os.mkdir(DIR + "/bin")
        for program in ("trivisor", "trivisord", "trivisor-monitor"):
            shutil.copy(f"{BUILD}/bin/{program}", DIR + "/bin/")
        build_guest()
        daemon.start()
        for test in tests:
            good = run(test) and good
        daemon.stop()
        if good:
            until(lambda: not ours(), "no process is left")
    finally:
        for pid in ours():
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(DIR)
    sys.exit(0 if good else 1)


main()
