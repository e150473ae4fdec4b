"""Cycles for libraries that know no time: they list the simple cycles, and each is laid over the times of its transfers."""

from collections import defaultdict

import pyarrow.parquet


def times(path):
    """The times of the transfers from one account to another, by pair."""
    rows = pyarrow.parquet.read_table(path, columns=["src", "dst", "ts"])
    found = defaultdict(list)
    for src, dst, ts in zip(*[rows[name].to_pylist() for name in ["src", "dst", "ts"]]):
        if src != dst:
            found[src, dst].append(ts)
    return found


def timed(hops, horizon):
    """In how many ways one transfer a hop can be chosen, each later than the one before, all within the horizon."""
    found = 0
    for start in range(len(hops)):
        line = hops[start:] + hops[:start]
        for first in line[0]:
            # How many ways lead to each time of the latest hop.
            ways = {first: 1}
            for hop in line[1:]:
                later = defaultdict(int)
                for t in hop:
                    if first < t <= first + horizon:
                        later[t] += sum(many for before, many in ways.items() if before < t)
                ways = later
            found += sum(ways.values())
    return found


def count(transfers, cycles, horizon):
    """Temporal cycles by length; `cycles` are rows of accounts."""
    counts = {f"hops {hops}": 0 for hops in range(2, 7)}
    for line in cycles:
        line = list(line)
        pairs = zip(line, line[1:] + line[:1])
        counts[f"hops {len(line)}"] += timed([transfers[pair] for pair in pairs], horizon)
    return counts
