#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
What a domain gets of the host: the processor it asks for, the time, the host
CPUs, limits; and what the daemon says of the host.

A small guest (guest.S) prints what it sees of CPUID and of the RTC.  The
programs run as copies from a directory of their own; what is left of them, of
their files or of cgroups is a failure.
"""
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import xml.etree.ElementTree as ET

TOP = os.path.abspath(os.environ.get("srcdir", "."))
BUILD = os.getcwd()
DIR = tempfile.mkdtemp(prefix="trivisor-host.")
SOCKET = DIR + "/run/sock"
UUID = "00000000-1111-4222-8333-44444444%04x"


def build_guest():
    """A multiboot 1 ELF32 at 1 MiB with guest.S as its code."""
    subprocess.run(["as", "--32", "-o", DIR + "/guest.o",
                    TOP + "/tests/host/guest.S"], check=True)
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
    with open(DIR + "/guest", "wb") as f:
        f.write((image + code).ljust(4096, b"\0"))


def until(test, what, seconds=20.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = test()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("in vain: " + what)


class Daemon:
    process = None

    def start(self, *options, **env):
        self.process = subprocess.Popen(
            [DIR + "/bin/trivisord", "--socket", SOCKET, "--state-dir",
             DIR + "/state", "--run-dir", DIR + "/run", "--log-dir",
             DIR + "/log", *options], env={**os.environ, **env},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(DIR + "/daemon.log", "ab"))
        until(lambda: cli("list").returncode == 0, "the daemon answers")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def cli(*args, stdin=None):
    return subprocess.run([DIR + "/bin/trivisor", "-c", SOCKET, *args],
                          input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60)


def ok(*args, **more):
    r = cli(*args, **more)
    assert r.returncode == 0, (args, r.returncode, r.stdout, r.stderr)
    return r.stdout


def error(*args, **more):
    """The error of a command that must fail, as an object."""
    r = cli(*args, "--json", **more)
    assert r.returncode not in (0, 2), (args, r.stdout, r.stderr)
    e = json.loads(r.stderr)
    return e.get("error", e)


count = 0


def document(inner="", vcpu="<vcpu>1</vcpu>"):
    """A domain of its own name; its serial port goes to a file."""
    global count
    count += 1
    name = "h%d" % count
    out = "%s/%s.out" % (DIR, name)
    xml = ("<domain type='trivisor'><name>%s</name><uuid>%s</uuid>"
           "<memory unit='MiB'>2</memory>%s%s"
           "<os><type>hvm</type><kernel>%s/guest</kernel></os>"
           "<devices><serial type='file'><source path='%s'/></serial>"
           "</devices></domain>"
           % (name, UUID % count, vcpu, inner, DIR, out))
    return name, xml, out


class Guest:
    """A domain that runs and has said what it sees."""

    def __init__(self, inner="", *options, **more):
        self.name, xml, out = document(inner, **more)
        self.said = ok("create", "-", *options, stdin=xml)
        self.info = json.loads(ok("dominfo", self.name, "--json"))

        def done():
            with open(out) as f:
                text = f.read()
            return text if text.endswith("end\n") else None
        self.leaf = {}
        for line in until(done, "the guest speaks").splitlines():
            words = line.split()
            if words[0] == "rtc":
                self.rtc = words[1]
            elif words[0] != "end":
                leaf, sub = (int(x, 16) for x in words[0].split("."))
                self.leaf[leaf, sub] = [int(x, 16) for x in words[1:]]

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        ok("destroy", self.name)

    def clock(self):
        """The RTC's time as seconds since 1970."""
        t = time.strptime(self.rtc, "%Y%m%d%H%M%S")
        return time.mktime((*t[:8], 0)) - time.timezone

    def threads(self):
        """CPUs that each thread may use, by its name."""
        found = {}
        for task in glob.glob("/proc/%d/task/*" % self.info["pid"]):
            with open(task + "/comm") as f:
                name = f.read().strip()
            with open(task + "/status") as f:
                for line in f:
                    if line.startswith("Cpus_allowed_list:"):
                        found[name] = line.split()[1]
        return found


def custom(model, more=""):
    return "<cpu mode='custom'><model>%s</model>%s</cpu>" % (model, more)


def feature(policy, name):
    return "<feature policy='%s' name='%s'/>" % (policy, name)


def models():
    return json.loads(ok("cpu-models", "--json"))["models"]


# --- processors --------------------------------------------------------------

def test_a_model_is_what_the_guest_sees():
    with Guest(custom("x86-64-v2")) as g:
        ecx = g.leaf[1, 0][2]
        assert ecx >> 20 & 1, "sse4.2"
        assert not ecx >> 28 & 1, "avx"
        assert not g.leaf[7, 0][1] >> 5 & 1, "avx2"
        assert g.leaf[0xd, 0] == [0, 0, 0, 0], "no state to save"
        assert g.leaf[0x80000002, 0][0] == 0x76697254, "Trivisor ..."
        assert g.info["cpu"]["model"] == "x86-64-v2"


def test_policies_change_it():
    cpu = custom("x86-64-v2", feature("disable", "popcnt") +
                 feature("require", "pcid") + feature("optional", "vmx"))
    with Guest(cpu) as g:
        assert not g.leaf[1, 0][2] >> 23 & 1, "popcnt"
        assert g.leaf[1, 0][2] >> 17 & 1, "pcid"
        assert not g.leaf[1, 0][2] >> 5 & 1, "vmx"


def test_what_the_host_lacks_is_named():
    name, xml, _ = document(custom("x86-64-v3"))
    e = error("create", "-", "--host-without", "avx2,bmi2", stdin=xml)
    assert e["code"] == 91, e
    assert "avx2, bmi2" in e["message"], e
    assert "cpu-models" in e["hint"], e
    # Less is enough for the level below.
    with Guest(custom("x86-64-v2"), "--host-without", "avx2,bmi2"):
        pass
    _, xml, _ = document(custom("x86-64-v2", feature("require", "vmx")))
    e = error("define", "-", stdin=xml)
    assert e["code"] == 91 and "nested" in e["message"], e
    _, xml, _ = document(custom("Pentium5"))
    e = error("define", "-", stdin=xml)
    assert e["code"] == 67 and "Pentium5" in e["message"], e


def test_what_is_left_out_is_a_warning():
    _, xml, _ = document(custom("Westmere-IBRS"))
    r = cli("define", "-", stdin=xml)
    if r.returncode == 0:
        assert "spec_ctrl" in r.stderr, r.stderr
        ok("undefine", "h%d" % count)
    else:
        assert "lacks" in r.stderr, r.stderr


def test_usable_models_are_those_that_can_be_defined():
    """All of the table, through the same door as a user."""
    for m in models():
        _, xml, _ = document(custom(m["name"]))
        r = cli("check", "-", "--json", stdin=xml)
        problems = json.loads(r.stdout)["problems"]
        wrong = [p for p in problems if p["severity"] == "error"]
        assert m["usable"] == (not wrong), (m, wrong)
        for missing in m["missing"][:3]:
            assert missing in wrong[0]["reason"], (missing, wrong)


def test_topologies():
    top = "<topology sockets='2' dies='1' cores='1' threads='2'/>"
    with Guest("<cpu mode='host-passthrough'>%s</cpu>" % top,
               vcpu="<vcpu>4</vcpu>") as g:
        assert g.leaf[0xb, 0][:3] == [1, 2, 0x100], g.leaf
        assert g.leaf[0xb, 1][:3] == [1, 2, 0x201], g.leaf
        assert g.leaf[1, 0][1] >> 16 & 0xff == 2
    with Guest(vcpu="<vcpu>3</vcpu>") as g:
        assert g.leaf[0xb, 0][1] == 1
        assert g.leaf[0xb, 1][:2] == [2, 3]


def test_host_model_can_be_copied_from_domcapabilities():
    """As tools do: it then is a custom model that this host can give."""
    caps = ET.fromstring(ok("domcapabilities"))
    mode = caps.find("cpu/mode[@name='host-model']")
    mode.tag = "cpu"
    mode.attrib = {"mode": "custom", "match": "exact"}
    with Guest(ET.tostring(mode, encoding="unicode")) as a:
        with Guest("<cpu mode='host-model'/>") as b:
            assert a.leaf[7, 0][1] == b.leaf[7, 0][1]
            for leaf in [(7, 0), (0x80000001, 0)]:
                assert a.leaf[leaf][2:] == b.leaf[leaf][2:], leaf
            assert a.leaf[1, 0][2] == b.leaf[1, 0][2]


# --- time ----------------------------------------------------------------------

def shown(inner):
    with Guest(inner) as g:
        return g.clock()


def about(a, b):
    return abs(a - b) < 30


def test_clocks():
    year = 365 * 86400
    assert about(shown(""), time.time())
    assert about(shown("<clock offset='utc'/>"), time.time())
    # The daemon's time zone is 5:30 ahead.
    assert about(shown("<clock offset='localtime'/>"), time.time() + 19800)
    assert about(shown("<clock offset='variable' adjustment='-%d'/>" % year),
                 time.time() - year)
    assert about(shown("<clock offset='variable' basis='localtime' "
                       "adjustment='%d'/>" % year), time.time() + year + 19800)
    assert about(shown("<clock offset='absolute' start='1000000000'/>"),
                 1000000000)
    if os.path.exists("/usr/share/zoneinfo/Asia/Tokyo"):
        assert about(shown("<clock offset='timezone' timezone='Asia/Tokyo'/>"),
                     time.time() + 9 * 3600)
    _, xml, _ = document("<clock offset='timezone' timezone='Mars/Base'/>")
    assert "Mars/Base" in error("create", "-", stdin=xml)["message"]


def test_timers():
    with Guest() as g:
        assert g.leaf[0x40000001, 0][0] & 9 == 9
    with Guest("<clock offset='utc'><timer name='kvmclock' present='no'/>"
               "</clock>") as g:
        assert g.leaf[0x40000001, 0][0] & 9 == 0
    for timer, word in ("name='hpet' present='yes'", "hpet"), \
            ("name='tsc' frequency='1000'", "frequency"):
        _, xml, _ = document("<clock offset='utc'><timer %s/></clock>" % timer)
        for verb in "create", "define":
            e = error(verb, "-", stdin=xml)
            assert e["code"] == 67 and word in e["message"], (timer, verb, e)


# --- host CPUs -------------------------------------------------------------------

def test_pinning():
    mine = sorted(os.sched_getaffinity(0))
    first, last = mine[0], mine[-1]
    with Guest("<cputune><vcpupin vcpu='1' cpuset='%d'/></cputune>" % last,
               vcpu="<vcpu cpuset='%d'>2</vcpu>" % first) as g:
        at = g.threads()
        assert at["vcpu0"] == str(first), at
        assert at["vcpu1"] == str(last), at
        assert at[g.name] == str(first), at
    with Guest("<cputune><emulatorpin cpuset='%d'/></cputune>" % last) as g:
        at = g.threads()
        assert at[g.name] == str(last), at
        assert at["vcpu0"] != str(last) or len(mine) == 1, at
    _, xml, _ = document("", "<vcpu cpuset='1000-1003'>1</vcpu>")
    e = error("create", "-", stdin=xml)
    assert e["code"] == 67 and "1000-1003" in e["message"], e


# --- limits ------------------------------------------------------------------------

LIMITED = ("<memtune><hard_limit unit='MiB'>64</hard_limit></memtune>"
           "<cputune><shares>200</shares></cputune>")


def cgroup_of(pid):
    with open("/proc/%d/cgroup" % pid) as f:
        for line in f:
            if line.startswith("0::"):
                return line[3:].strip()
    return ""


def doctor():
    return {c["what"]: c for c in
            json.loads(ok("doctor", "--json"))["checks"]}


def test_a_monitor_has_a_cgroup_where_there_can_be_one():
    where = doctor()["cgroup"]
    with Guest() as g:
        path = cgroup_of(g.info["pid"])
        uuid = UUID % count
        if "/sys" in where["detail"]:
            assert path.endswith("/vm-" + uuid), (path, where)
        else:
            assert uuid not in path, (path, where)
        assert "cgroup" in g.info["sandbox"], g.info["sandbox"]
    left = glob.glob("/sys/fs/cgroup/**/vm-" + uuid, recursive=True)
    assert not left, left


def test_limits_are_kept_or_refused():
    where = doctor()["cgroup"]
    name, xml, _ = document(LIMITED)
    if where["status"] == "ok":
        ok("create", "-", stdin=xml)
        pid = json.loads(ok("dominfo", name, "--json"))["pid"]
        base = where["detail"].split(" ")[0] + "/vm-" + UUID % count
        with open(base + "/memory.max") as f:
            assert f.read() == "67108864\n"
        with open(base + "/cpu.weight") as f:
            assert f.read() == "200\n"
        assert cgroup_of(pid).endswith("/vm-" + UUID % count)
        ok("destroy", name)
        return
    e = error("create", "-", stdin=xml)
    assert e["code"] == 67, e
    assert "memory.max=67108864" in e["message"] or \
        "cpu.weight=200" in e["message"], e
    assert "Delegate=yes" in e["hint"], e
    r = json.loads(cli("check", "-", "--json", stdin=xml).stdout)
    assert not r["ok"], r
    assert any("cannot be kept" in p["reason"] for p in r["problems"]), r


# --- what is said of the host -----------------------------------------------------

def test_capabilities_are_documents():
    caps = ET.fromstring(ok("capabilities"))
    assert caps.tag == "capabilities"
    assert {a.get("name") for a in caps.findall("guest/arch")} == \
        {"x86_64", "i686"}
    assert "kvm" not in {d.get("type") for d in caps.iter("domain")} or \
        doctor()["mode hvm"]["status"] == "ok"
    cpus = caps.findall("host/topology/cells/cell/cpus/cpu")
    info = json.loads(ok("nodeinfo", "--json"))
    assert len(cpus) == info["cpus"] == \
        info["numa_cells"] * info["sockets"] * info["cores"] * info["threads"]
    dom = ET.fromstring(ok("domcapabilities"))
    assert dom.tag == "domainCapabilities"
    # Advertised is only what exists.
    for device in dom.find("devices"):
        assert (device.get("supported") == "yes") == \
            (device.tag == "console"), device.tag
    assert {m.text: m.get("usable") == "yes"
            for m in dom.findall("cpu/mode[@name='custom']/model")} == \
        {m["name"]: m["usable"] for m in models()}


def test_nodeinfo():
    info = json.loads(ok("nodeinfo", "--json"))
    assert info["memory_total"] >= info["memory_free"] > 0
    assert info["kernel"] == "Linux " + os.uname().release
    assert "Memory size:" in ok("nodeinfo")


def test_doctor():
    found = doctor()
    assert found["mode bt"]["status"] == "ok"
    assert found["seccomp"]["status"] == "ok"
    for check in found.values():
        assert (check["status"] == "ok") == ("remedy" not in check), check
    assert "mode hvm" in ok("doctor")
    # It needs no daemon.
    r = subprocess.run([DIR + "/bin/trivisor", "-c", DIR + "/none", "doctor"],
                       stdout=subprocess.PIPE, text=True, timeout=60)
    assert r.returncode == 0 and "no daemon" in r.stdout, r
    # What no domain can do without makes it fail.
    os.chmod(DIR + "/bin/trivisor-monitor", 0o600)
    try:
        r = cli("doctor")
        assert r.returncode == 7 and "monitor" in r.stdout, r
    finally:
        os.chmod(DIR + "/bin/trivisor-monitor", 0o700)


def test_features():
    rows = json.loads(ok("cpu-models", "--features", "--json"))["features"]
    by_name = {r["name"]: r for r in rows}
    assert by_name["avx2"]["leaf"] == 7 and by_name["avx2"]["bit"] == 5
    assert not by_name["vmx"]["offered"] and by_name["vmx"]["why"]
    assert by_name["hypervisor"]["offered"]
    assert "avx2" in ok("cpu-models", "--features")


# --- the frame ------------------------------------------------------------------------

def ours():
    found = []
    for exe in glob.glob("/proc/[0-9]*/exe"):
        try:
            if os.readlink(exe).startswith(DIR + "/bin/"):
                found.append(int(exe.split("/")[2]))
        except OSError:
            pass
    return found


def main():
    os.makedirs(DIR + "/bin")
    for program in "trivisor", "trivisord", "trivisor-monitor":
        shutil.copy(BUILD + "/bin/" + program, DIR + "/bin/")
    build_guest()
    daemon = Daemon()
    daemon.start(TZ="XYZ-05:30")
    failed = 0
    for name, test in sorted(globals().items()):
        if not name.startswith("test_") or \
                (len(sys.argv) > 1 and name not in sys.argv[1:]):
            continue
        try:
            test()
            print("ok:", name[5:].replace("_", " "))
        except Exception:
            failed += 1
            print("FAILED:", name[5:].replace("_", " "))
            traceback.print_exc(file=sys.stdout)
            for domain in json.loads(ok("list", "--json"))["domains"]:
                cli("destroy", domain["name"])
    daemon.stop()
    try:
        until(lambda: not ours(), "no process is left")
    except AssertionError as e:
        failed += 1
        print("FAILED:", e, ours())
        for pid in ours():
            os.kill(pid, signal.SIGKILL)
    if failed:
        with open(DIR + "/daemon.log") as f:
            print(f.read()[-3000:])
    shutil.rmtree(DIR)
    sys.exit(1 if failed else 0)


main()
