"""T1 in igraph, from its simple cycles of at most six accounts."""

import igraph

import static
from task import run


def cycles(path, horizon):
    transfers = static.times(path)
    graph = igraph.Graph(edges=list(transfers), directed=True)
    return static.count(transfers, graph.simple_cycles(min=2, max=6), horizon)


run({"t1": cycles})
