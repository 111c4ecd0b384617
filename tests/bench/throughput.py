"""Requests per second of a web application that has run for a while, under each profiler.

All servers run at once and each is measured in each round, so that a machine that becomes slower does so for all of them. Before
that each answers requests for WARM seconds: the runtime compiles what is used often a second time in the background, which on one
core takes as long as there are requests to answer."""
import os
import re
import subprocess

from show import note

FIRST_PORT = 18080
WARM = 15 # seconds
ROUNDS = 15 # at most
TICK = os.sysconf("SC_CLK_TCK")


def client_core():
    """Not that of the servers: where both share one, the scheduler decides more than the profiler."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


class Server:
    def __init__(self, real, name, port):
        self.name = name
        self.url = "http://127.0.0.1:%d/" % port
        self.process = real.start(name, real.one, ["serve", str(port)], pin=True, stdin=subprocess.PIPE)
        if self.process.stdout.readline().strip() != "ready":
            raise SystemExit("the server under %s did not start" % name)

    def cpu(self):
        """Seconds of CPU so far."""
        with open("/proc/%d/stat" % self.process.pid) as f:
            words = f.read().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / TICK

    def peak(self):
        """MiB."""
        with open("/proc/%d/status" % self.process.pid) as f:
            return int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1)) / 1024

    def requests(self, seconds, warm=True):
        """(requests per second, microseconds of CPU per request). Before it is warm some may take too long for wrk."""
        before = self.cpu()
        out = subprocess.run(["wrk", "-t1", "-c8", "-d%ds" % seconds, self.url], stdout=subprocess.PIPE, text=True, preexec_fn=client_core).stdout
        count = int(re.search(r"(\d+) requests in", out).group(1))
        if not count or "Non-2xx" in out or warm and "Socket errors" in out:
            raise SystemExit("the server under %s did not answer all requests:\n%s" % (self.name, out))
        return float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)), 1e6 * (self.cpu() - before) / count

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def throughput(real, names, runs, seconds):
    """{name: {"requests", "cpu": of each round, "memory": peak in MiB}}."""
    servers = []
    result = {}
    try:
        for i, name in enumerate(names):
            servers.append(Server(real, name, FIRST_PORT + i))
        for s in servers:
            note("throughput: %s, to warm up" % s.name)
            s.requests(WARM, warm=False)
        rows = {s: [] for s in servers}
        for run in range(min(ROUNDS, runs)):
            note("throughput: round %d" % (run + 1))
            turn = run % len(servers)
            for s in servers[turn:] + servers[:turn]: # each has each place in a round
                rows[s].append(s.requests(seconds))
        result = {s.name: {"requests": [r[0] for r in of], "cpu": [r[1] for r in of], "memory": s.peak()} for s, of in rows.items()}
    finally:
        for s in servers:
            s.stop()
    return result
