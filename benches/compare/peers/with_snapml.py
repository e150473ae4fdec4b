"""T1 in snapml's GraphFeaturePreprocessor: the cycles that each transfer closes, one after another as they come."""

import numpy
import pyarrow.parquet
from snapml import GraphFeaturePreprocessor

from task import run

LONGEST = 6


def cycles(path, horizon):
    """T1, nearly: of parallel transfers that are not the last of the cycle only one is seen (README.md)."""
    rows = pyarrow.parquet.read_table(path, columns=["tx_id", "src", "dst", "ts"])
    rows = numpy.column_stack([rows[name].to_numpy() for name in ["tx_id", "src", "dst", "ts"]]).astype(float)
    rows = rows[rows[:, 1] != rows[:, 2]]
    rows[:, 3] -= rows[0, 3]
    graph = GraphFeaturePreprocessor()
    off = {name: False for name in ["vertex_stats", "fan", "degree", "scatter-gather", "lc-cycle"]}
    # A bin for each length, and one for all that is longer. A horizon is open at its far end there.
    bins = {"temp-cycle": True, "temp-cycle_tw": horizon + 1, "temp-cycle_bins": list(range(2, LONGEST + 2))}
    graph.set_params({**graph.get_params(), **off, **bins, "num_threads": 1, "time_window": horizon + 1})
    counts = numpy.zeros(LONGEST)
    # One at a time, so that the cycles that a transfer takes part in are those that it closes.
    for row in range(len(rows)):
        counts += graph.transform(rows[row:row + 1])[0, 4:]
    return {f"hops {hops}": counts[hops - 2] for hops in range(2, LONGEST + 1)}


run({"t1": cycles})
