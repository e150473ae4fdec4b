"""The tasks that are walks, in Kuzu: a graph database in the program's own process, asked in Cypher."""

import tempfile

import kuzu

from task import CHAIN_DELAY, DAY, run


def ledger(path, folder):
    """Accounts and transfers in a database of its own, self-transfers left out."""
    db = kuzu.Connection(kuzu.Database(f"{folder}/ledger", max_num_threads=2))
    db.execute("CREATE NODE TABLE Account(id INT64 PRIMARY KEY)")
    db.execute("CREATE REL TABLE Paid(FROM Account TO Account, ts INT64, cents INT64)")
    db.execute(f"""COPY Account FROM (LOAD FROM '{path}' WITH src AS id RETURN DISTINCT id
        UNION LOAD FROM '{path}' WITH dst AS id RETURN DISTINCT id)""")
    db.execute(f"""COPY Paid FROM (LOAD FROM '{path}' WHERE src <> dst
        RETURN src, dst, ts, CAST(round(amount * 100, 0) AS INT64) AS cents)""")
    return db


def number(db, query):
    return db.execute(query).get_next()[0]


def apart(names):
    """That accounts differ, each from each."""
    return [f"{a}.id <> {b}.id" for place, a in enumerate(names) for b in names[:place]]


def cycles(path, horizon):
    """T1: one pattern for each length."""
    counts = {}
    with tempfile.TemporaryDirectory() as folder:
        db = ledger(path, folder)
        for hops in range(2, 7):
            accounts = [f"a{place}" for place in range(hops)]
            line = "".join(f"({account}:Account)-[e{place}:Paid]->" for place, account in enumerate(accounts)) + "(a0)"
            asked = [f"e{place}.ts > e{place - 1}.ts AND e{place}.ts <= e0.ts + {horizon}" for place in range(1, hops)]
            counts[f"hops {hops}"] = number(
                db, f"MATCH {line} WHERE {' AND '.join(asked + apart(accounts))} RETURN count(*)")
    return counts


def two_paths(path, _):
    """T3, the two-paths alone."""
    with tempfile.TemporaryDirectory() as folder:
        return {"two-paths": number(ledger(path, folder), f"""
            MATCH (a:Account)-[e:Paid]->(b:Account)-[f:Paid]->(c:Account)
            WHERE f.ts > e.ts AND f.ts <= e.ts + {DAY} AND a.id <> c.id RETURN count(*)""")}


def chains(path, _):
    """T4: one pattern for each length."""
    counts = {}
    with tempfile.TemporaryDirectory() as folder:
        db = ledger(path, folder)
        for hops in range(3, 7):
            accounts = [f"a{place}" for place in range(hops + 1)]
            line = "".join(f"({account}:Account)-[e{place}:Paid]->" for place, account in enumerate(accounts[:-1]))
            asked = [
                f"e{place}.ts > e{place - 1}.ts AND e{place}.ts <= e{place - 1}.ts + {CHAIN_DELAY} AND "
                f"e{place}.cents <= e{place - 1}.cents AND 5 * e{place}.cents >= 4 * e{place - 1}.cents"
                for place in range(1, hops)
            ]
            counts[f"hops {hops}"] = number(
                db, f"MATCH {line}({accounts[-1]}:Account) WHERE {' AND '.join(asked + apart(accounts))} RETURN count(*)")
    return counts


run({"t1": cycles, "t3": two_paths, "t4": chains})
