#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Does the suite notice?

Breaks one line of an emitter or of the decoder's table at a time, in a copy of
the tree, builds what the line is in, and runs tests, fast ones first, until
one fails.  A mutant that no test kills is a hole in the suite, unless
equivalent.txt says why it is no fault at all.

    mutate.py --source TREE --count 50 [--seed N] [--jobs N] [--in FILE]
    mutate.py --source TREE --only 'modes/bt/gen_mem.c:120:W32'  # one of them

Exit status 0: all were killed or argued away; 1: some survived; 2: could not
run.
"""
import argparse
import fnmatch
import glob
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import operators

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS = ["modes/x86/insn_%s_tab.h" % k
        for k in ("int", "sys", "x87", "sse", "pk", "vex", "evex")]
EMITTERS = ["modes/bt/emit.h", "modes/bt/stubs.c", "modes/bt/translate.c",
            "modes/bt/reloc.c", "modes/bt/gen_*.c"]

ORACLE = "tests/oracle/oracle"
POOR = "avx512,avx2,bmi2,fsgsbase"
LIMIT = 150


def oracle(*args):
    return (" ".join(("oracle",) + args), [ORACLE],
            [[ORACLE, "--max-failures", "1"] + list(args)])


def decoder(name, *args):
    program = "tests/decoder/decoder-" + name
    return ("decoder-" + name, [program], [[program] + list(args)])


def unit(name):
    program = "tests/unit/" + name
    return (name, [program], [[program]])


def guests(engine):
    """The self-checking images, each in a monitor of its own."""
    return ("guests in " + engine, ["all", "tests/tools/runvm"],
            [["env", "ENGINES=" + engine, "RUNVM={work}/runvm",
              "{source}/tests/guests/run", image] for image in
             ["guests/selftest/x64/%s.elf" % k for k in
              "exc fp pf shadow smc step straddle sys tlb user alias "
              "callret pcid near".split()] +
             (["guests/selftest/x32/%s.elf" % k for k in
               "real seg page task v86".split()] if engine == "interp" else
              [])])


# (name, what to make, commands that must succeed): fast ones first.
STAGES = [
    unit("decode_test"),
    oracle("--engine", "bt", "--count", "30000", "--seed", "20"),
    decoder("memory"),
    ("decoder-text", ["tests/decoder/decoder-text",
                      "tests/decoder/decoder-gen"],
     [["sh", "{source}/tests/mutation/rows.sh"]]),
    ("decoder-features", ["tests/decoder/decoder-gen"],
     [["sh", "{source}/tests/decoder/features.sh"]]),
    decoder("effects"),
    decoder("host"),
    oracle("--engine", "bt", "--exact-flags", "--count", "40000", "--seed",
           "22", "--alias"),
    oracle("--engine", "bt", "--host-without", POOR, "--exact-flags",
           "--count", "40000", "--seed", "21"),
    oracle("--engine", "bt", "--count", "30000", "--seed", "23", "--tlb-entries",
           "1", "--flush-every", "50", "--signal-storm", "1000"),
    guests("bt"),
    # Whatever is called like the row that is broken.
    oracle("--engine", "bt", "--only", "{name}", "--count", "40000"),
    oracle("--engine", "interp", "--only", "{name}", "--count", "40000"),
    unit("interp_test"), unit("interp_edge_test"), unit("x86_system_test"),
    unit("x86_far_test"), unit("x86_deliver_test"), unit("cpuid_test"),
    guests("poor"), guests("interp"),
    oracle("--engine", "interp", "--count", "60000", "--seed", "25"),
    oracle("--engine", "bt", "--exact-flags", "--count", "150000", "--seed",
           "20"),
    ("corpus", ["tests/decoder/decoder-capstone", "tests/decoder/unlz4"],
     [["sh", "{source}/tests/decoder/corpus.sh"]]),
]


class Mutant:
    def __init__(self, path, at, kind, old, new, column):
        self.path, self.at, self.kind = path, at, kind
        self.old, self.new, self.column = old, new, column

    def key(self):
        return (self.path, " ".join(self.old.split()),
                " ".join(self.new.split()))

    def name(self):
        """The mnemonic that a row begins with, or None."""
        m = re.match(r"[A-Z0-9_]+\((?:(?:\d+|0x\w+), )?([A-Z]\w{2,})\b",
                     self.old)
        return m and self.path in ROWS and m.group(1).lower()

    def text(self):
        return "%s:%d (%s)\n    - %s\n    + %s" % (
            self.path, self.at + 1, self.kind, self.old.strip(),
            self.new.strip())


def every_mutant(source, patterns, ops):
    """By line, so that a line with many mutants is not chosen more often."""
    lines = []
    for pattern in patterns:
        for path in sorted(glob.glob(os.path.join(source, pattern))):
            rel = os.path.relpath(path, source)
            with open(path, encoding="utf-8") as f:
                text = f.read().split("\n")
            by_line = {}
            for at, kind, new, column in operators.mutants(text, ops):
                by_line.setdefault(at, []).append(
                    Mutant(rel, at, kind, text[at], new, column))
            lines += by_line.values()
    return lines


def choose(args, rng):
    """Emitters and rows in turn, each line as likely as any other."""
    pools = [every_mutant(args.source, ROWS, operators.ROW),
             every_mutant(args.source, EMITTERS, operators.CODE)]
    if args.within:
        pools = [[line for line in pool if args.within in line[0].path]
                 for pool in pools]
    pools = [pool for pool in pools if pool]
    seen = set()
    while True:
        for pool in pools:
            mutant = rng.choice(rng.choice(pool))
            if mutant.key() in seen:
                continue
            seen.add(mutant.key())
            yield mutant


class Equivalents:
    """
    equivalent.txt: paragraphs of a file pattern, "- " and a regular expression
    for the line as it is, "+ " and one for the mutant, and the reason.  An
    expression that begins with "@" is matched where the mutation is.
    """
    def __init__(self):
        self.entries = []
        with open(os.path.join(HERE, "equivalent.txt"),
                  encoding="utf-8") as f:
            for entry in f.read().split("\n\n"):
                lines = [k for k in entry.split("\n")
                         if k and not k.startswith("#")]
                if lines:
                    self.entries.append(
                        (lines[0], lines[1][2:], lines[2][2:],
                         " ".join(k.strip() for k in lines[3:])))

    @staticmethod
    def fits(expression, line, column):
        if expression.startswith("@"):
            return re.compile(expression[1:]).match(line, column)
        return re.search(expression, line)

    def why(self, mutant):
        for path, old, new, reason in self.entries:
            if fnmatch.fnmatch(mutant.path, path) and \
                    self.fits(old, mutant.old, mutant.column) and \
                    self.fits(new, mutant.new, mutant.column):
                return reason
        return None


class Workshop:
    """A copy of the tree with a build of its own."""

    def __init__(self, args, number):
        self.number = number
        self.work = os.path.join(args.dir, str(number))
        self.source = os.path.join(self.work, "source")
        self.build = os.path.join(self.work, "build")
        self.log = os.path.join(self.work, "log")
        self.args = args
        self.env = dict(os.environ, srcdir=self.source,
                        CCACHE_BASEDIR=self.source, CCACHE_NOHASHDIR="1")

    def run(self, command, timeout=LIMIT):
        command = [k.format(source=self.source, work=self.work)
                   for k in command]
        with open(self.log, "ab") as log:
            process = subprocess.Popen(
                command, cwd=self.build, env=self.env, stdout=log,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                start_new_session=True)
            try:
                return process.wait(timeout)
            except subprocess.TimeoutExpired:
                return "timeout"
            finally:
                # What it left behind goes with it.
                try:
                    os.killpg(process.pid, 9)
                except ProcessLookupError:
                    pass
                process.wait()

    def set_up(self):
        os.makedirs(self.build)
        shutil.copytree(self.args.source, self.source, symlinks=True,
                        ignore=shutil.ignore_patterns(".git", "build",
                                                      "autom4te.cache"))
        with open(os.path.join(self.work, "runvm"), "w",
                  encoding="utf-8") as f:
            # As tests/guests/run calls it: engine, image.
            f.write("#!/bin/sh\nset -- \"$1\" --kernel \"$2\"\n"
                    "case $1 in poor) shift; set -- bt \"$@\" "
                    "--host-without %s ;; esac\n"
                    "exec tests/tools/runvm --debug-exit --memory 128M "
                    "--timeout 60 --engine \"$@\"\n" % POOR)
        os.chmod(os.path.join(self.work, "runvm"), 0o755)
        cc = "ccache gcc" if shutil.which("ccache") else "gcc"
        if self.run([self.source + "/configure", "-q", "CC=" + cc,
                     "CFLAGS=-O1 -g0 -Wno-error"]):
            return "configure failed: see " + self.log
        # Everything once, and it must all succeed as it is.
        wanted = sorted({k for stage in STAGES for k in stage[1]})
        images = [c[-1] for stage in STAGES for c in stage[2]
                  if c[-1].endswith(".elf")]
        # "all" is a make of its own, and must not meet the others.
        for targets in (["all"], [k for k in wanted if k != "all"] +
                        sorted(set(images))):
            if self.run(["make", "-s", "-j2"] + targets, 1200):
                return "make failed: see " + self.log
        return None

    def cascade(self, name):
        """The stage that fails, or None."""
        for title, targets, commands in STAGES:
            start = time.monotonic()
            if "{name}" in title and not name:
                continue
            for target in targets:
                if self.run(["make", "-s", target]):
                    return "make"
            for command in commands:
                code = self.run([k.replace("{name}", name or "")
                                 for k in command])
                # 3: there is no such row on this host.
                if code and not ("{name}" in title and code == 3):
                    return title.replace("{name}", name or "")
            if self.args.verbose:
                print("    %5.1f s  %s" % (time.monotonic() - start, title),
                      flush=True)
        return None

    def check(self):
        """The unbroken tree passes."""
        failed = self.cascade(None)
        return failed and "%s fails without a mutation: see %s" % (
            failed, self.log)

    def attempt(self, mutant):
        path = os.path.join(self.source, mutant.path)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        lines = text.split("\n")
        lines[mutant.at] = mutant.new
        open(self.log, "w").close()
        try:
            with open(path, "w", encoding="utf-8") as f:
                f.write("\n".join(lines))
            return self.cascade(mutant.name())
        finally:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)


class Run:
    def __init__(self, args):
        self.args = args
        self.lock = threading.Lock()
        self.known = Equivalents()
        self.survivors, self.argued, self.killed = [], [], {}
        self.started = 0
        self.tried = 0
        self.source = choose(args, random.Random(args.seed))
        self.error = None

    def next(self):
        """One to try; those that are argued away are not counted."""
        with self.lock:
            while not self.error and self.started < self.args.count:
                mutant = next(self.source, None)
                if mutant is None:
                    return None
                if not self.known.why(mutant):
                    self.started += 1
                    return mutant
                self.argued.append(mutant)
                print("    equivalent: %s\n    %s" % (
                    mutant.text(), self.known.why(mutant)), flush=True)
            return None

    def report(self, mutant, killer, spent):
        with self.lock:
            if killer == "make":
                # Not C any more: another one instead.
                self.started -= 1
                return
            self.tried += 1
            if killer:
                self.killed[killer] = self.killed.get(killer, 0) + 1
                verdict = "killed by " + killer
            else:
                self.survivors.append(mutant)
                verdict = "SURVIVED"
            print("%3d %5.1f s  %s\n    %s" % (
                self.tried, spent, mutant.text(), verdict), flush=True)

    def work(self, shop):
        error = shop.set_up()
        if not error and self.args.check and shop.number == 0:
            error = shop.check()
        if error:
            self.error = error
        while (mutant := self.next()) is not None:
            start = time.monotonic()
            self.report(mutant, shop.attempt(mutant),
                        time.monotonic() - start)


def one_of_them(args):
    """FILE:LINE:NEW TEXT picks the mutants of that line that show the text."""
    path, line, text = args.only.split(":", 2)
    pools = [every_mutant(args.source, ROWS, operators.ROW),
             every_mutant(args.source, EMITTERS, operators.CODE)]
    for pool in pools:
        for mutants in pool:
            for mutant in mutants:
                if mutant.path == path and mutant.at + 1 == int(line) and \
                        text in mutant.new:
                    yield mutant


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--source", required=True)
    p.add_argument("--seed", type=int, default=int(time.time()))
    p.add_argument("--count", type=int, default=50)
    p.add_argument("--jobs", type=int, default=os.cpu_count())
    p.add_argument("--in", dest="within", metavar="FILE")
    p.add_argument("--only", metavar="FILE:LINE:TEXT")
    p.add_argument("--no-check", dest="check", action="store_false",
                   help="trust that the suite passes without a mutation")
    p.add_argument("--verbose", action="store_true", help="time per test")
    p.add_argument("--keep", action="store_true")
    args = p.parse_args()
    args.source = os.path.abspath(args.source)
    args.dir = tempfile.mkdtemp(prefix="mutation.")
    print("seed %d" % args.seed, flush=True)
    run = Run(args)
    if args.only:
        mutants = list(one_of_them(args))
        args.count = len(mutants)
        run.source = iter(mutants)
    try:
        threads = [threading.Thread(target=run.work,
                                    args=(Workshop(args, k),), daemon=True)
                   for k in range(min(args.jobs, args.count))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    finally:
        if not args.keep and not run.error:
            shutil.rmtree(args.dir, ignore_errors=True)
    if run.error:
        print("FAILED: " + run.error)
        return 2
    for mutant in run.survivors:
        print("SURVIVOR " + mutant.text())
    print("killed by: " + ", ".join("%s %d" % (k, n) for k, n in sorted(
        run.killed.items(), key=lambda kn: -kn[1])))
    print("summary: seed %d: %d mutants, %d killed, %d equivalent, "
          "%d survived" % (args.seed, run.tried, sum(run.killed.values()),
                           len(run.argued), len(run.survivors)))
    return 1 if run.survivors or run.tried < args.count else 0


if __name__ == "__main__":
    sys.exit(main())
