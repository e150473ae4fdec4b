"""The tasks in Polars: the same ways as in with_duckdb.py, as lazy frames on the streaming engine."""

import polars as pl

from task import CHAIN_DELAY, DAY, FAN, MIDDLEMEN, run


def ledger(path):
    """Transfers between two different accounts, in memory."""
    cents = (pl.col("amount") * 100).round().cast(pl.Int64).alias("cents")
    rows = pl.scan_parquet(path).filter(pl.col("src") != pl.col("dst"))
    return rows.select(pl.col("src", "dst", "ts").cast(pl.Int32), cents).collect(engine="streaming")


def count(frame):
    return frame.select(pl.len()).collect(engine="streaming").item()


def ranged(low, high):
    """All buckets from one to another, one row each."""
    return pl.int_ranges(low, high + 1).alias("bucket")


def by_bucket(e, width):
    """Transfers that may come next, by time bucket."""
    return e.lazy().select(pl.col("src"), pl.col("dst").alias("to"), pl.col("ts").alias("t"),
                           (pl.col("ts") // width).alias("bucket"))


def cycles(path, horizon):
    """T1. A half is a path of one to three transfers; two halves that end where the other begins are a cycle."""
    e = ledger(path)
    width = max(horizon // 2, 1)
    later = by_bucket(e, width)
    h1 = e.lazy().select(a="src", z="dst", first="ts", last="ts")
    halves = {1: h1.collect(engine="streaming")}
    for hops in (2, 3):
        middle = f"m{hops - 1}"
        before = [pl.col(f"m{hop}") for hop in range(1, hops - 1)]
        longer = (
            halves[hops - 1].lazy()
            .with_columns(ranged(pl.col("last") // width, (pl.col("first") + horizon) // width)).explode("bucket")
            .join(later, left_on=["z", "bucket"], right_on=["src", "bucket"])
            .filter(pl.col("t") > pl.col("last"), pl.col("t") <= pl.col("first") + horizon,
                    pl.col("to") != pl.col("a"), *[pl.col("to") != passed for passed in before])
            .select("a", *before, pl.col("z").alias(middle), pl.col("to").alias("z"), "first", pl.col("t").alias("last"))
        )
        halves[hops] = longer.collect(engine="streaming")
    counts = {}
    for left, right in [(1, 1), (2, 1), (2, 2), (3, 2), (3, 3)]:
        apart = [pl.col(f"m{i}") != pl.col(f"m{j}_right") for i in range(1, left) for j in range(1, right)]
        names = {name: f"{name}_right" for name in ["m1", "m2", "first", "last"] if name in halves[right].columns}
        closed = (
            halves[left].lazy()
            .join(halves[right].lazy().rename(names), left_on=["z", "a"], right_on=["a", "z"])
            .filter(pl.col("first_right") > pl.col("last"), pl.col("last_right") <= pl.col("first") + horizon, *apart)
        )
        counts[f"hops {left + right}"] = count(closed)
    return counts


def cycles_walked(path, horizon):
    """T1 as one would write it first: each hop is a join, and a path that is back is a cycle (see with_duckdb.py)."""
    e = ledger(path)
    width = max(horizon // 2, 1)
    later = by_bucket(e, width).collect(engine="streaming").lazy()
    paths, counts = e.lazy().select(a="src", z="dst", first="ts", last="ts"), {}
    for hops in range(2, 7):
        passed = [f"m{hop}" for hop in range(1, hops - 1)]
        reached = (
            paths.with_columns(ranged(pl.col("last") // width, (pl.col("first") + horizon) // width)).explode("bucket")
            .join(later, left_on=["z", "bucket"], right_on=["src", "bucket"])
            .filter(pl.col("t") > pl.col("last"), pl.col("t") <= pl.col("first") + horizon,
                    *[pl.col("to") != pl.col(account) for account in passed])
        )
        if hops < 6:
            reached = reached.collect(engine="streaming").lazy()
        counts[f"hops {hops}"] = count(reached.filter(pl.col("to") == pl.col("a")))
        paths = reached.filter(pl.col("to") != pl.col("a")).select(
            "a", *passed, pl.col("z").alias(f"m{hops - 1}"), pl.col("to").alias("z"), "first", pl.col("t").alias("last"))
    return counts


def active(e, account, other, sign):
    """Rows of (account, time) with the number of distinct others in the 24 hours up to that time (see with_duckdb.py)."""
    spans = (
        e.lazy().select(pl.col(account).alias("account"), pl.col(other).alias("other"), (sign * pl.col("ts")).alias("t"))
        .sort("account", "other", "t")
        .with_columns(until=pl.when((pl.col("account").shift(-1) == pl.col("account"))
                                    & (pl.col("other").shift(-1) == pl.col("other")))
                      .then(pl.min_horizontal(pl.col("t").shift(-1), pl.col("t") + DAY)).otherwise(pl.col("t") + DAY))
    )
    one = pl.lit(1, pl.Int32)
    changes = pl.concat([
        spans.select("account", "t", change=one, transfers=one),
        spans.select("account", t="until", change=-one, transfers=0 * one),
    ])
    return (
        changes.group_by("account", "t").agg(pl.col("change").sum(), pl.col("transfers").sum()).sort("account", "t")
        # Arrivals and departures of an account add up to nothing, so that one running sum serves all accounts.
        .with_columns(others=pl.col("change").cum_sum())
    )


def busy(e, account, other, sign):
    return active(e, account, other, sign).filter(pl.col("transfers") > 0, pl.col("others") >= FAN)


def fans(path, _):
    """T2: accounts with a window of ten distinct counterparties, and transfers that end such a window."""
    e, counts = ledger(path), {}
    for name, account, other in [("fan-in", "dst", "src"), ("fan-out", "src", "dst")]:
        found = busy(e, account, other, 1).select(
            pl.col("account").n_unique(), pl.col("transfers").sum()).collect(engine="streaming")
        counts |= {f"{name} accounts": found["account"][0], f"{name} events": found["transfers"][0]}
    return counts


def fans_by_first(path, _):
    """T2 counted as our instances are: the moments at which a window of ten distinct counterparties begins."""
    e = ledger(path)
    return {f"{name} instances": count(busy(e, account, other, -1))
            for name, account, other in [("fan-in", "dst", "src"), ("fan-out", "src", "dst")]}


def scatter_gather(path, _):
    """T3: two-paths, and pairs of accounts joined by three middlemen inside one day."""
    e = ledger(path)
    width = DAY // 2
    later = e.lazy().select(m="src", k="dst", t="ts", bucket=pl.col("ts") // width)
    ways = (
        e.lazy().select(s="src", m="dst", t1="ts").with_columns(ranged(pl.col("t1") // width, pl.col("t1") // width + 2))
        .explode("bucket").join(later, on=["m", "bucket"])
        .filter(pl.col("t") > pl.col("t1"), pl.col("t") <= pl.col("t1") + DAY, pl.col("k") != pl.col("s"))
        .select("s", "m", "k", "t1", t2="t").collect(engine="streaming")
    )
    # Least and greatest middleman are cheap to know, and leave few pairs for what is dear.
    many = (ways.lazy().group_by("s", "k").agg(pl.len(), pl.col("m").min().alias("low"), pl.col("m").max().alias("high"))
            .filter(pl.col("len") >= MIDDLEMEN, pl.col("low") != pl.col("high")).select("s", "k"))
    near = ways.lazy().join(many, on=["s", "k"], how="semi").unique().collect(engine="streaming").lazy()
    pairs = (
        near.select("s", "k", begin="t1").unique()
        .join(near.select("s", "k", "m", "t1", "t2"), on=["s", "k"])
        .filter(pl.col("t1") >= pl.col("begin"), pl.col("t2") <= pl.col("begin") + DAY)
        .group_by("s", "k", "begin").agg(pl.col("m").n_unique()).filter(pl.col("m") >= MIDDLEMEN)
        .select("s", "k").unique()
    )
    return {"two-paths": len(ways), "pairs": count(pairs)}


def gather_scatter(path, _):
    """T3: accounts with ten senders in the day up to some moment and ten receivers in the day after it."""
    e = ledger(path)
    gather = busy(e, "dst", "src", 1).select("account", "t").collect(engine="streaming")
    # The receivers of (t, t + 24 h], seen with time running backwards, are those of the last moment before -t.
    scatter = active(e, "src", "dst", -1).select("account", "t", "others").collect(engine="streaming")
    asked = gather.with_columns(t=-pl.col("t") - 1).sort("t")
    both = asked.join_asof(scatter.sort("t"), on="t", by="account", strategy="backward", check_sortedness=False)
    return {"gather-scatter accounts": both.filter(pl.col("others") >= FAN)["account"].n_unique()}


def chains(path, _):
    """T4: each hop is looked up by account, time bucket and magnitude of the amount."""
    e = ledger(path)
    width = CHAIN_DELAY // 2
    # A step of 1.2501 in the magnitude is a little more than 1/0.8, so that no rounding loses a neighbour.
    magnitude = (pl.col("cents").log() / pl.lit(1.2501).log()).floor().cast(pl.Int64)
    cell = (pl.col("ts") // width) * 1000 + magnitude
    later = e.lazy().select(z="src", to="dst", t="ts", next="cents", cell=cell).collect(engine="streaming").lazy()
    paths, counts = e.lazy().select(v0="src", z="dst", ts="ts", cents="cents"), {}
    for hops in range(2, 7):
        passed = [pl.col(f"v{hop}") for hop in range(hops - 1)]
        cells = pl.concat_list(*[cell + 1000 * days - small for days in range(3) for small in range(2)])
        paths = (
            paths.with_columns(cell=cells).explode("cell").join(later, on=["z", "cell"])
            .filter(pl.col("t") > pl.col("ts"), pl.col("t") <= pl.col("ts") + CHAIN_DELAY,
                    pl.col("next") <= pl.col("cents"), 5 * pl.col("next") >= 4 * pl.col("cents"),
                    *[pl.col("to") != account for account in passed])
            .select(*passed, pl.col("z").alias(f"v{hops - 1}"), z="to", ts="t", cents="next")
            .collect(engine="streaming").lazy()
        )
        if hops > 2:
            counts[f"hops {hops}"] = count(paths)
    return counts


def table(path):
    return pl.scan_parquet(path) if path.endswith(".parquet") else pl.scan_csv(path)


def wires(path, _):
    """T5: wires of 1,000 or more by currency; no graph, a scan alone."""
    amount = pl.col("amount")
    rows = (table(path).filter(pl.col("channel") == "WIRE", amount >= 1000).group_by("currency")
            .agg(pl.len(), amount.sum().alias("sum"), amount.max().alias("max")).collect(engine="streaming"))
    return {"groups": len(rows), "rows": rows["len"].sum()}


def senders(path, _):
    """T5b: what each account sent, and to how many."""
    rows = (table(path).group_by("src").agg(pl.len(), pl.col("amount").sum(), pl.col("dst").n_unique())
            .collect(engine="streaming"))
    return {"groups": len(rows), "rows": rows["len"].sum(), "counterparties": rows["dst"].sum()}


run({
    "t1": cycles, "t1-walked": cycles_walked, "t2": fans, "t2-first": fans_by_first, "t3": scatter_gather,
    "t3-gather": gather_scatter, "t4": chains, "t5": wires, "t5b": senders,
})
