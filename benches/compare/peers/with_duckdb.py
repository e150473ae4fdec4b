"""The tasks in DuckDB: SQL as one would write it who knows that hubs explode.

Joins in time go by account and time bucket, so that a hub's transfers meet only those near in time. Cycles are put
together from two halves, since paths of five or six transfers are too many to list. Distinct counterparties in a
sliding window are a running sum of arrivals and departures.
"""

import duckdb

from task import CHAIN_DELAY, DAY, FAN, MIDDLEMEN, run


def ledger(path):
    """Transfers between two different accounts, in a table of its own."""
    db = duckdb.connect()
    db.execute(f"""CREATE TABLE transfers AS
        SELECT CAST(src AS INTEGER) AS src, CAST(dst AS INTEGER) AS dst, CAST(ts AS INTEGER) AS ts,
            CAST(round(amount * 100) AS BIGINT) AS cents
        FROM read_parquet('{path}') WHERE src <> dst""")
    return db


def number(db, query):
    return db.execute(query).fetchone()[0]


def make_later(db, width):
    """Makes the table of transfers that may come next, by time bucket."""
    db.execute(f"CREATE TABLE later AS SELECT src, dst, ts, ts // {width} AS bucket FROM transfers")


def cycles(path, horizon):
    """T1. A half is a path of one to three transfers; two halves that end where the other begins are a cycle."""
    db = ledger(path)
    width = max(horizon // 2, 1)
    buckets = horizon // width + 1
    make_later(db, width)
    db.execute("CREATE TABLE h1 AS SELECT src AS a, dst AS z, ts AS first, ts AS last FROM transfers")
    db.execute(f"""CREATE TABLE h2 AS
        SELECT l.src AS a, l.dst AS m1, r.dst AS z, l.ts AS first, r.ts AS last
        FROM (SELECT *, unnest(range(ts // {width}, ts // {width} + {buckets} + 1)) AS bucket FROM transfers) l
        JOIN later r ON r.src = l.dst AND r.bucket = l.bucket
        WHERE r.ts > l.ts AND r.ts <= l.ts + {horizon} AND r.dst <> l.src""")
    db.execute(f"""CREATE TABLE h3 AS
        SELECT l.a, l.m1, l.z AS m2, r.dst AS z, l.first, r.ts AS last
        FROM (SELECT *, unnest(range(last // {width}, (first + {horizon}) // {width} + 1)) AS bucket FROM h2) l
        JOIN later r ON r.src = l.z AND r.bucket = l.bucket
        WHERE r.ts > l.last AND r.ts <= l.first + {horizon} AND r.dst <> l.a AND r.dst <> l.m1""")
    apart = {
        (1, 1): "TRUE",
        (2, 1): "TRUE",
        (2, 2): "l.m1 <> r.m1",
        (3, 2): "l.m1 <> r.m1 AND l.m2 <> r.m1",
        (3, 3): "l.m1 NOT IN (r.m1, r.m2) AND l.m2 NOT IN (r.m1, r.m2)",
    }
    counts = {}
    for (left, right), different in apart.items():
        counts[f"hops {left + right}"] = number(db, f"""SELECT count(*) FROM h{left} l JOIN h{right} r
            ON r.a = l.z AND r.z = l.a
            WHERE r.first > l.last AND r.last <= l.first + {horizon} AND {different}""")
    return counts


def cycles_walked(path, horizon):
    """T1 as one would write it first: each hop is a join, and a path that is back is a cycle."""
    db = ledger(path)
    width, counts = max(horizon // 2, 1), {}
    make_later(db, width)
    db.execute("CREATE TABLE p1 AS SELECT src AS a, dst AS z, ts AS first, ts AS last FROM transfers")
    for hops in range(2, 7):
        passed = [f"l.m{hop}" for hop in range(1, hops - 1)]
        reached = f"""FROM (SELECT *, unnest(range(last // {width}, (first + {horizon}) // {width} + 1)) AS bucket
                FROM p{hops - 1} WHERE z <> a) l
            JOIN later r ON r.src = l.z AND r.bucket = l.bucket
            WHERE r.ts > l.last AND r.ts <= l.first + {horizon}
                {"".join(f" AND r.dst <> {account}" for account in passed)}"""
        if hops == 6:
            counts["hops 6"] = number(db, f"SELECT count(*) {reached} AND r.dst = l.a")
            break
        columns = ", ".join(["l.a", *passed, f"l.z AS m{hops - 1}", "r.dst AS z", "l.first", "r.ts AS last"])
        db.execute(f"CREATE TABLE p{hops} AS SELECT {columns} {reached}")
        db.execute(f"DROP TABLE p{hops - 1}")
        counts[f"hops {hops}"] = number(db, f"SELECT count(*) FROM p{hops} WHERE z = a")
    return counts


def active(account, other, sign):
    """Rows of (account, time) with the number of distinct others in the 24 hours up to that time.

    An other is active from a transfer until a day later or its next transfer, whichever comes first. With `sign` -1
    time runs backwards, and the windows begin at the transfer instead.
    """
    return f"""
        WITH seen AS (SELECT {account} AS account, {other} AS other, {sign} * ts AS t FROM transfers),
        spans AS (SELECT account, t, least(t + {DAY},
            coalesce(lead(t) OVER (PARTITION BY account, other ORDER BY t), t + {DAY})) AS until FROM seen),
        changes AS (SELECT account, t, 1 AS change, 1 AS transfer FROM spans
            UNION ALL SELECT account, until, -1, 0 FROM spans),
        moments AS (SELECT account, t, sum(change) AS change, sum(transfer) AS transfers FROM changes GROUP BY ALL)
        SELECT account, t, transfers, sum(change) OVER (PARTITION BY account ORDER BY t) AS others FROM moments"""


def fans(path, _):
    """T2: accounts with a window of ten distinct counterparties, and transfers that end such a window."""
    db, counts = ledger(path), {}
    for name, account, other in [("fan-in", "dst", "src"), ("fan-out", "src", "dst")]:
        accounts, events = db.execute(f"""SELECT count(DISTINCT account), sum(transfers)
            FROM ({active(account, other, 1)}) WHERE transfers > 0 AND others >= {FAN}""").fetchone()
        counts |= {f"{name} accounts": accounts, f"{name} events": events or 0}
    return counts


def fans_by_first(path, _):
    """T2 counted as our instances are: the moments at which a window of ten distinct counterparties begins."""
    db, counts = ledger(path), {}
    for name, account, other in [("fan-in", "dst", "src"), ("fan-out", "src", "dst")]:
        counts[f"{name} instances"] = number(db, f"""SELECT count(*) FROM ({active(account, other, -1)})
            WHERE transfers > 0 AND others >= {FAN}""")
    return counts


def scatter_gather(path, _):
    """T3: two-paths, and pairs of accounts joined by three middlemen inside one day."""
    db = ledger(path)
    width = DAY // 2
    make_later(db, width)
    db.execute(f"""CREATE TABLE ways AS
        SELECT l.src AS s, l.dst AS m, r.dst AS k, l.ts AS t1, r.ts AS t2
        FROM (SELECT src, dst, ts, unnest(range(ts // {width}, ts // {width} + 3)) AS bucket FROM transfers) l
        JOIN later r ON r.src = l.dst AND r.bucket = l.bucket
        WHERE r.ts > l.ts AND r.ts <= l.ts + {DAY} AND r.dst <> l.src""")
    # Least and greatest middleman are cheap to know, and leave few pairs for what is dear.
    db.execute(f"""CREATE TABLE busy AS SELECT DISTINCT * FROM ways SEMI JOIN
        (SELECT s, k FROM ways GROUP BY s, k HAVING count(*) >= {MIDDLEMEN} AND min(m) <> max(m)) USING (s, k)""")
    pairs = number(db, f"""SELECT count(DISTINCT (s, k)) FROM (
        SELECT w.s, w.k, w.t1 FROM (SELECT DISTINCT s, k, t1 FROM busy) w
        JOIN busy p ON p.s = w.s AND p.k = w.k AND p.t1 >= w.t1 AND p.t2 <= w.t1 + {DAY}
        GROUP BY ALL HAVING count(DISTINCT p.m) >= {MIDDLEMEN})""")
    return {"two-paths": number(db, "SELECT count(*) FROM ways"), "pairs": pairs}


def gather_scatter(path, _):
    """T3: accounts with ten senders in the day up to some moment and ten receivers in the day after it."""
    db = ledger(path)
    db.execute(f"CREATE TABLE gather AS {active('dst', 'src', 1)}")
    # Ten receivers in (t, t + 24 h]: a window that begins with the first transfer after t.
    db.execute(f"""CREATE TABLE scatter AS
        WITH seen AS (SELECT src AS account, dst AS other, ts AS t FROM transfers),
        spans AS (SELECT account, greatest(t - {DAY},
            coalesce(lag(t) OVER (PARTITION BY account, other ORDER BY t), t - {DAY})) AS since, t FROM seen),
        changes AS (SELECT account, since AS t, 1 AS change FROM spans UNION ALL SELECT account, t, -1 FROM spans),
        moments AS (SELECT account, t, sum(change) AS change FROM changes GROUP BY ALL)
        SELECT account, t, sum(change) OVER (PARTITION BY account ORDER BY t) AS others FROM moments""")
    return {"gather-scatter accounts": number(db, f"""SELECT count(DISTINCT account) FROM (
        SELECT g.account, s.others FROM (SELECT * FROM gather WHERE transfers > 0 AND others >= {FAN}) g
        ASOF JOIN scatter s ON s.account = g.account AND s.t <= g.t) WHERE others >= {FAN}""")}


def chains(path, _):
    """T4: each hop is looked up by account, time bucket and magnitude of the amount."""
    db = ledger(path)
    width = CHAIN_DELAY // 2
    # A step of 1.2501 in the magnitude is a little more than 1/0.8, so that no rounding loses a neighbour.
    magnitude = "CAST(floor(ln(cents) / ln(1.2501)) AS BIGINT)"
    db.execute(f"""CREATE TABLE later AS SELECT src, dst, ts, cents,
        (ts // {width}) * 1000 + {magnitude} AS cell FROM transfers""")
    db.execute("CREATE TABLE p1 AS SELECT [src, dst] AS line, dst AS z, ts, cents FROM transfers")
    counts = {}
    for hops in range(2, 7):
        db.execute(f"""CREATE TABLE p{hops} AS
            SELECT list_append(l.line, r.dst) AS line, r.dst AS z, r.ts, r.cents FROM (
                SELECT *, (ts // {width} + unnest([0, 0, 1, 1, 2, 2])) * 1000
                    + {magnitude} + unnest([0, -1, 0, -1, 0, -1]) AS cell FROM p{hops - 1}) l
            JOIN later r ON r.src = l.z AND r.cell = l.cell
            WHERE r.ts > l.ts AND r.ts <= l.ts + {CHAIN_DELAY}
                AND r.cents <= l.cents AND 5 * r.cents >= 4 * l.cents AND NOT list_contains(l.line, r.dst)""")
        if hops > 2:
            counts[f"hops {hops}"] = number(db, f"SELECT count(*) FROM p{hops}")
    return counts


def table(path):
    return f"read_parquet('{path}')" if path.endswith(".parquet") else f"read_csv('{path}')"


def wires(path, _):
    """T5: wires of 1,000 or more by currency; no graph, a scan alone."""
    rows = duckdb.sql(f"""SELECT currency, count(*), sum(amount), max(amount) FROM {table(path)}
        WHERE channel = 'WIRE' AND amount >= 1000 GROUP BY currency""").fetchall()
    return {"groups": len(rows), "rows": sum(row[1] for row in rows)}


def senders(path, _):
    """T5b: what each account sent, and to how many."""
    rows = duckdb.sql(f"""SELECT count(*), sum(sent), sum(others) FROM (
        SELECT count(*) AS sent, sum(amount), count(DISTINCT dst) AS others FROM {table(path)} GROUP BY src)""").fetchall()
    return dict(zip(["groups", "rows", "counterparties"], rows[0]))


run({
    "t1": cycles, "t1-walked": cycles_walked, "t2": fans, "t2-first": fans_by_first, "t3": scatter_gather,
    "t3-gather": gather_scatter, "t4": chains, "t5": wires, "t5b": senders,
})
