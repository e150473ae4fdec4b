"""Moneytrail beside what a user would pick instead: whole processes, in turn, counts equal as the precondition.

    python compare.py --program target/release/moneytrail --ledgers DIR --sizes 10000,100000 --repeat 3

DIR holds `txn_N.parquet` (and for T5 `txn_N.csv`); `--make` makes those that are missing. The table goes to standard
output as Markdown, progress to standard error, raw figures to the file that `--json` names. README.md says what is
counted. Exit code 1 where counts differ and README.md does not say why.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Each task: its name, the rules that answer it here, the peers that can be asked, the task that they are told.
TASKS = {
    "t1-6h": ("T1 cycles, 6 h", ["temporal-cycle"], ["duckdb", "polars", "snapml", "kuzu"], "t1", 6),
    "t1-24h": ("T1 cycles, 24 h", ["temporal-cycle"], ["duckdb", "polars", "snapml", "kuzu"], "t1", 24),
    "t1-72h": ("T1 cycles, 72 h", ["temporal-cycle"],
               ["duckdb", "polars", "snapml", "kuzu", "igraph", "networkx"], "t1", 72),
    "t1-24h-walked": ("T1 cycles, 24 h, hop by hop", ["temporal-cycle"], ["duckdb", "polars"], "t1-walked", 24),
    "t1-72h-walked": ("T1 cycles, 72 h, hop by hop", ["temporal-cycle"], ["duckdb", "polars"], "t1-walked", 72),
    "t2": ("T2 fans", ["fan-in", "fan-out"], ["duckdb", "polars"], "t2", None),
    "t2-first": ("T2 fans by first", ["fan-in", "fan-out"], ["duckdb", "polars"], "t2-first", None),
    "t3": ("T3 scatter-gather", ["two-paths", "scatter-gather"], ["duckdb", "polars", "kuzu"], "t3", None),
    "t3-gather": ("T3 gather-scatter", ["gather-scatter"], ["duckdb", "polars"], "t3-gather", None),
    "t4": ("T4 chains", ["chain"], ["duckdb", "polars", "kuzu"], "t4", None),
    "t5": ("T5 Parquet", ["nothing"], ["duckdb", "polars"], "t5", None),
    "t5-csv": ("T5 CSV", ["nothing"], ["duckdb", "polars"], "t5", None),
    "t5b": ("T5b senders, Parquet", ["nothing"], ["duckdb", "polars"], "t5b", None),
}
# Counted, but not the same thing: README.md says what the difference is.
EXPLAINED = {("t3-gather", "moneytrail"), ("t5", "moneytrail"), ("t5-csv", "moneytrail"), ("t5b", "moneytrail")}
EXPLAINED |= {(task, "snapml") for task in ["t1-6h", "t1-24h", "t1-72h"]}


def told(words):
    print(words, file=sys.stderr, flush=True)


def measured(command, limit):
    """Runs a program to its end or the limit: its output, seconds by the clock and of the processor, peak memory."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        # Nothing is done between fork and exec: what Python's memory costs then would count as the program's (4 ms here).
        process = subprocess.Popen(command, stdout=out, stderr=err, start_new_session=True)
        late = False
        # The process is not waited for by any other means, so that wait4 gives what it alone has used.
        while True:
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if not late and time.monotonic() - began > limit:
                late = True
                os.killpg(process.pid, signal.SIGKILL)
            time.sleep(0.002)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        text, complaint = out.read().decode(), err.read().decode()
    figures = {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak_mib": used.ru_maxrss / 1024}
    if late:
        return {"late": limit, **figures}
    if process.returncode != 0:
        return {"failed": complaint.strip().splitlines()[-1:] or [f"exit code {process.returncode}"], **figures}
    return {"text": text, **figures}


def ledger_of(task, options, size):
    kind = "csv" if task.endswith("csv") else "parquet"
    return options.ledgers / f"txn_{size}.{kind}"


def command_of(task, who, options, size):
    _, rules, _, word, hours = TASKS[task]
    ledger = str(ledger_of(task, options, size))
    if who != "moneytrail":
        command = [sys.executable, str(HERE / "peers" / f"with_{who}.py"), word, ledger]
        return command + (["--hours", str(hours)] if hours else [])
    command = [str(options.program), "run", ledger, "--mapping", str(HERE / "ledger.toml"), "--count", "--format", "json"]
    for rule in rules:
        command += ["--rules", str(HERE / "rules" / f"{rule}.yaml")]
    return command + (["--set", f"temporal-cycle.horizon={hours}h"] if hours else [])


def counts_of(task, who, text):
    """The counts by the names that the peers give them."""
    counts = json.loads(text)
    if who != "moneytrail":
        return counts
    rules = counts["rules"]
    if task.startswith("t1") or task == "t4":
        by_hops = next(iter(rules.values()))["by_hops"]
        shortest = 3 if task == "t4" else 2
        return {f"hops {hops}": by_hops.get(str(hops), 0) for hops in range(shortest, 7)}
    if task == "t2":
        return {f"{rule} accounts": found["bindings"] for rule, found in rules.items()}
    if task == "t2-first":
        return {f"{rule} instances": found["instances"] for rule, found in rules.items()}
    if task == "t3":
        return {"two-paths": rules["two-paths"]["instances"], "pairs": rules["scatter-gather"]["bindings"]}
    if task == "t3-gather":
        return {"gather-scatter accounts": rules["gather-scatter"]["bindings"]}
    return {}


def compared(task, size, options):
    """All programs in turn, as often as was asked, and what they counted and used."""
    everybody = ["moneytrail"] + TASKS[task][2]
    everybody = [who for who in everybody if not options.only or who in options.only]
    runs = {who: [] for who in everybody}
    for turn in range(options.repeat):
        for who in everybody:
            # Who was too slow once is not asked again, nor on a larger ledger.
            if (task, who) in options.gone:
                continue
            told(f"{task} {size} {who} ({turn + 1} of {options.repeat})")
            run = measured(command_of(task, who, options, size), options.limit)
            if "text" in run:
                run["counts"] = counts_of(task, who, run.pop("text"))
            else:
                told(f"  {run}")
                options.gone[task, who] = size
            runs[who].append(run)
    return runs


def median(runs, figure):
    return statistics.median(run[figure] for run in runs)


def cell(runs, options):
    """`0.52 (0.40 s, 85 MiB)`: processor seconds, seconds by the clock, peak memory."""
    if not runs:
        return "not tried"
    last = runs[-1]
    if "late" in last:
        return f"not in {options.limit:g} s ({last['peak_mib']:,.0f} MiB)"
    if "failed" in last:
        return "failed"
    return f"{median(runs, 'cpu'):.2f} ({median(runs, 'wall'):.2f} s, {median(runs, 'peak_mib'):,.0f} MiB)"


def difference(task, runs):
    """Where counts differ that should not, in words; and the counts that most agree on."""
    known = {who: run[-1]["counts"] for who, run in runs.items() if run and "counts" in run[-1]}
    peers = [counts for who, counts in known.items() if who != "moneytrail" and (task, who) not in EXPLAINED]
    agreed = peers[0] if peers else known.get("moneytrail", {})
    faults = []
    for who, counts in known.items():
        wrong = {name: count for name, count in counts.items() if name in agreed and agreed[name] != count}
        if wrong and (task, who) not in EXPLAINED:
            faults.append(f"{who} counts {wrong}, others {agreed}")
    return faults, agreed


def table(results, options):
    columns = ["moneytrail"] + sorted({who for _, _, runs in results for who in runs} - {"moneytrail"})
    columns = [who for who in columns if not options.only or who in options.only]
    lines = ["| task | transfers | " + " | ".join(columns) + " | best peer / ours | counts |"]
    lines.append("|" + "---|" * (len(columns) + 4))
    for task, size, runs in results:
        cells = [cell(runs[who], options) if who in runs else "" for who in columns]
        ended = {who: median(run, "cpu") for who, run in runs.items() if run and "counts" in run[-1]}
        peers = [cpu for who, cpu in ended.items() if who != "moneytrail" and (task, who) not in EXPLAINED]
        ratio = f"{min(peers) / ended['moneytrail']:.1f}" if peers and "moneytrail" in ended else ""
        faults, agreed = difference(task, runs)
        counts = "**differ**" if faults else " ".join(str(count) for count in agreed.values())
        lines.append(f"| {TASKS[task][0]} | {size:,} | " + " | ".join(cells) + f" | {ratio} | {counts} |")
    return "\n".join(lines)


def growth(results):
    """How processor time grows with the ledger: the exponent between neighbouring sizes."""
    import math
    lines = ["| task | from | to | " + "ours | best peer |", "|---|---|---|---|---|"]
    for (task, size, runs), (other, larger, more) in zip(results, results[1:]):
        if task != other:
            continue
        def exponent(pick):
            small, big = pick(runs), pick(more)
            return f"N^{math.log(big / small) / math.log(larger / size):.2f}" if small and big else ""
        ended = lambda found, who: median(found[who], "cpu") if found.get(who) and "counts" in found[who][-1] else None
        best = lambda found: min(filter(None, (ended(found, who) for who in found if who != "moneytrail")), default=None)
        lines.append(f"| {TASKS[task][0]} | {size:,} | {larger:,} | "
                     f"{exponent(lambda found: ended(found, 'moneytrail'))} | {exponent(best)} |")
    return "\n".join(lines)


def machine(options):
    program = subprocess.run([str(options.program), "--version"], capture_output=True, text=True).stdout.strip()
    peers = [line.split("==")[0] for line in (HERE / "requirements.txt").read_text().split()]

    def version(name):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return "not installed"

    return {
        "date": time.strftime("%Y-%m-%d"),
        "processors": options.processors or os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30),
        "system": platform.platform(),
        "python": platform.python_version(),
        "program": program,
        "peers": {name: version(name) for name in peers},
        "command": sys.argv,
    }


def asked():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--program", type=Path, default=Path("moneytrail"), help="the program, built for release")
    words.add_argument("--ledgers", type=Path, required=True, help="the folder with txn_N.parquet")
    words.add_argument("--make", action="store_true", help="make ledgers that are missing, from seed 7")
    words.add_argument("--sizes", default="10000,100000", help="transfers, separated by commas")
    words.add_argument("--tasks", default=",".join(TASKS), help="tasks, separated by commas, or t1 for all that begin so")
    words.add_argument("--only", default="", help="only these programs, separated by commas")
    words.add_argument("--repeat", type=int, default=3, help="how often each runs; medians are shown")
    words.add_argument("--limit", type=float, default=120, help="seconds by the clock that one run may take")
    words.add_argument("--processors", type=int, help="how many processors each program sees; all, if not given")
    words.add_argument("--json", type=Path, help="a file for the raw figures")
    options = words.parse_args()
    options.only = [who for who in options.only.split(",") if who]
    options.sizes = sorted(int(size) for size in options.sizes.split(","))
    wanted = options.tasks.split(",")
    options.tasks = [task for task in TASKS if any(task == want or task.startswith(f"{want}-") for want in wanted)]
    options.gone = {}
    return options


def main():
    options = asked()
    options.ledgers.mkdir(parents=True, exist_ok=True)
    if options.processors:
        # Every program sees the processors that this one does.
        os.sched_setaffinity(0, range(options.processors))
    for size in options.sizes:
        if options.make and not (options.ledgers / f"txn_{size}.parquet").exists():
            subprocess.run([sys.executable, str(HERE / "make_ledger.py"), "--transfers", str(size),
                            "--out", str(options.ledgers / f"txn_{size}.parquet")], check=True, stdout=sys.stderr)
    results, faults = [], []
    for task in options.tasks:
        for size in options.sizes:
            if not ledger_of(task, options, size).exists():
                told(f"{ledger_of(task, options, size)} is not there; --make makes it")
                continue
            results.append((task, size, compared(task, size, options)))
            found, _ = difference(task, results[-1][2])
            for fault in found:
                told(f"  counts differ: {fault}")
                faults.append(f"{task} {size}: {fault}")
            if options.json:
                raw = [{"task": task, "transfers": size, "runs": runs} for task, size, runs in results]
                options.json.write_text(json.dumps({**machine(options), "results": raw}, indent=1) + "\n")
    print(json.dumps(machine(options)), "\n")
    print(table(results, options), "\n")
    print(growth(results))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
