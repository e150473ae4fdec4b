"""T1 in NetworkX, from its simple cycles of at most six accounts."""

import networkx

import static
from task import run


def cycles(path, horizon):
    transfers = static.times(path)
    lines = networkx.simple_cycles(networkx.DiGraph(list(transfers)), length_bound=6)
    return static.count(transfers, lines, horizon)


run({"t1": cycles})
