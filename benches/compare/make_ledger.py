"""Makes a ledger for the comparison from a seed: `make_ledger.py --transfers 100000 --out ledger.parquet`.

What makes such ledgers hard is in it: a few shops and processors that thousands of people pay, employers that pay
everybody on one day, friends who pay each other, firms that pay firms, sums and hours as they are in life. Hubs grow
with the ledger, so that everything that lists paths grows faster than the ledger does. Into this a few flows of each
kind that the tasks count are planted.
"""

import argparse

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

DAY = 86_400
START = 1_735_689_600  # 2025-01-01T00:00:00Z
CURRENCIES, SHARES = ["EUR", "USD", "GBP", "CHF", "PLN"], [0.55, 0.25, 0.10, 0.06, 0.04]
CHANNELS = ["ACH", "WIRE", "CARD", "SEPA", "CASH", "MOBILE"]
# Activity of each hour of a day and each day of a week, 1 January 2025 being a Wednesday.
HOURS = [2, 1, 1, 1, 1, 2, 4, 8, 14, 18, 20, 20, 22, 20, 18, 18, 18, 20, 22, 20, 16, 12, 10, 6]
WEEK = [1.0, 1.0, 1.35, 0.7, 0.7, 1.0, 1.0]


class Maker:
    def __init__(self, transfers, days, seed):
        self.random = np.random.default_rng(seed)
        self.days = days
        accounts = max(200, transfers // 10)
        shops, employers = max(5, accounts * 15 // 1000), max(3, accounts * 5 // 1000)
        firms = accounts // 10
        self.people = np.arange(accounts - shops - employers - firms)
        self.firms = len(self.people) + np.arange(firms)
        self.shops = self.firms[-1] + 1 + np.arange(shops)
        self.employers = self.shops[-1] + 1 + np.arange(employers)
        self.diligence = self.random.lognormal(0, 1.1, len(self.people))
        self.trade = self.random.lognormal(0, 1.5, firms)
        self.fame = 1 / np.arange(1, shops + 1) ** 1.05
        self.parts = []

    def some(self, accounts, weights, number):
        """Accounts drawn by weight."""
        steps = np.cumsum(weights)
        place = np.searchsorted(steps, self.random.random(number) * steps[-1])
        return accounts[np.minimum(place, len(accounts) - 1)]

    def times(self, number):
        days = self.some(np.arange(self.days), [WEEK[day % 7] for day in range(self.days)], number)
        hours = self.some(np.arange(24), HOURS, number)
        return days * DAY + hours * 3_600 + self.random.integers(0, 3_600, number)

    def add(self, payers, payees, times, amounts, channels):
        number = len(payers)
        self.parts.append((payers, payees, times, amounts, self.random.choice(channels, number)))

    def purchases(self, number):
        """People pay shops, mostly their own; three in forty of them get something back."""
        people = self.some(self.people, self.diligence, number)
        usual = self.some(self.shops, self.fame, 8 * len(self.people)).reshape(-1, 8)
        own = usual[people, self.random.integers(0, 8, number)]
        shops = np.where(self.random.random(number) < 0.7, own, self.some(self.shops, self.fame, number))
        times, amounts = self.times(number), self.random.lognormal(3.4, 1.0, number)
        self.add(people, shops, times, amounts, [2, 2, 2, 2, 5])
        back = self.random.choice(number, number * 3 // 40, replace=False)
        later = np.minimum(times[back] + self.random.integers(3_600, 10 * DAY, len(back)), self.days * DAY - 1)
        part = np.where(self.random.random(len(back)) < 0.6, 1.0, self.random.uniform(0.2, 1, len(back)))
        self.add(shops[back], people[back], later, amounts[back] * part, [2])

    def processors(self, number):
        """A few employers are payment processors, too: people pay them, and they pay shops in larger sums."""
        few = self.employers[: max(2, len(self.people) // 20_000)]
        into, out = number * 3 // 4, number - number * 3 // 4
        self.add(self.some(self.people, self.diligence, into), self.random.choice(few, into), self.times(into),
                 self.random.lognormal(3.6, 1.1, into), [5])
        self.add(self.random.choice(few, out), self.some(self.shops, self.fame, out), self.times(out),
                 self.random.lognormal(6.5, 1.0, out), [0, 3])

    def wages(self, number):
        size = 1 / np.arange(1, len(self.employers) + 1) ** 0.9
        employer = self.some(np.arange(len(self.employers)), size, len(self.people))
        paid = self.random.integers(0, len(self.people), number)
        day = np.where(employer[paid] % 3 == 0, 9, 24 + employer[paid] % 3)
        moment = np.minimum(day, self.days - 1) * DAY + 8 * 3_600 + self.random.integers(0, 4 * 3_600, number)
        self.add(self.employers[employer[paid]], paid, moment, self.random.lognormal(7.7, 0.4, number), [0, 3])

    def friends(self, number):
        """Each knows six others, most of them among forty neighbours."""
        block = self.people // 40 * 40
        near = block[:, None] + self.random.integers(0, 40, (len(self.people), 6))
        far = self.some(self.people, self.diligence, near.size).reshape(near.shape)
        known = np.where(self.random.random(near.shape) < 0.8, np.minimum(near, len(self.people) - 1), far)
        payers = self.some(self.people, self.diligence, number)
        self.add(payers, known[payers, self.random.integers(0, 6, number)], self.times(number),
                 self.random.lognormal(4.5, 1.3, number), [5, 3, 0, 4])

    def trades(self, number):
        busy_in = self.trade * self.random.lognormal(0, 0.5, len(self.firms))
        self.add(self.some(self.firms, self.trade, number), self.some(self.firms, busy_in, number),
                 self.times(number), self.random.lognormal(7.0, 1.6, number), [0, 1, 3])

    def chance(self, number):
        people, firms = self.random.choice(self.people, number), self.random.choice(self.firms, number)
        out = self.random.random(number) < 0.5
        self.add(np.where(out, people, firms), np.where(out, firms, people), self.times(number),
                 self.random.lognormal(5.5, 1.5, number), [0, 1, 3, 4])

    def plant(self, flows):
        """Flows of each kind: a cycle, a chain, a fan each way, scatter and gather, gather and scatter."""
        whole, uniform = self.random.integers, self.random.uniform
        for _ in range(flows):
            for closed in (True, False):
                hops = int(whole(2, 7) if closed else whole(3, 7))
                line = self.random.choice(len(self.people), hops + 1, replace=False)
                if closed:
                    line[-1] = line[0]
                longest = 3 * DAY // (hops + 1) if closed else 47 * 3_600
                begin = whole(0, max(1, self.days * DAY - hops * longest))
                times = begin + np.cumsum(whole(600, longest, hops))
                amounts = uniform(2_000, 60_000) * np.cumprod(uniform(0.84, 0.99, hops))
                self.add(line[:-1], line[1:], times, amounts, [0, 1, 3])
            begin = int(whole(0, max(1, (self.days - 1) * DAY)))
            for gather, scatter in [(int(whole(12, 26)), 0), (0, int(whole(12, 26))), (14, 14)]:
                hub, *others = self.random.choice(len(self.people), 1 + gather + scatter, replace=False)
                payers, payees = np.array(others[:gather], int), np.array(others[gather:], int)
                into, out = begin + whole(0, 40_000, gather), begin + whole(42_000, 82_000, scatter)
                self.add(payers, np.full(gather, hub), into, uniform(300, 9_900, gather), [0, 1, 3])
                self.add(np.full(scatter, hub), payees, out, uniform(300, 9_900, scatter), [0, 1, 3])
            number = int(whole(4, 9))
            source, sink, *middle = self.random.choice(len(self.people), number + 2, replace=False)
            into, amounts = begin + whole(0, 36_000, number), uniform(2_000, 9_900, number)
            out = into + whole(600, 40_000, number)
            self.add(np.full(number, source), np.array(middle), into, amounts, [0, 1, 3])
            self.add(np.array(middle), np.full(number, sink), out, amounts * 0.95, [0, 1, 3])

    def table(self):
        columns = [np.concatenate([np.asarray(part[place]) for part in self.parts]) for place in range(5)]
        payers, payees, times, amounts, channels = columns
        # Account numbers tell nothing of what an account is.
        names = self.random.permutation(self.employers[-1] + 1)
        order = np.argsort(times, kind="stable")
        text = lambda words, codes: pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(words)).cast(pa.string())
        return pa.table({
            "tx_id": np.arange(len(order)),
            "src": names[payers[order]].astype(np.int64),
            "dst": names[payees[order]].astype(np.int64),
            "ts": START + times[order],
            "amount": np.maximum(0.01, np.round(amounts[order], 2)),
            "currency": text(CURRENCIES, self.random.choice(5, len(order), p=SHARES).astype(np.int8)),
            "channel": text(CHANNELS, channels[order].astype(np.int8)),
        })


def main():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--transfers", type=int, required=True)
    words.add_argument("--days", type=int, default=30)
    words.add_argument("--seed", type=int, default=7)
    words.add_argument("--out", required=True, help="a file ending in .parquet; a .csv of the same is made beside it")
    words = words.parse_args()
    maker = Maker(words.transfers, words.days, words.seed)
    maker.plant(max(3, words.transfers // 20_000))
    left = words.transfers - sum(len(part[0]) for part in maker.parts)
    shares = {maker.wages: 0.10, maker.friends: 0.27, maker.trades: 0.12, maker.processors: 0.03, maker.chance: 0.05}
    maker.purchases(int(0.40 * left))
    for kind, share in shares.items():
        kind(int(share * left))
    maker.chance(max(0, words.transfers - sum(len(part[0]) for part in maker.parts)))
    table = maker.table()
    pq.write_table(table, words.out, compression="zstd", row_group_size=1 << 20)
    import pyarrow.csv
    pyarrow.csv.write_csv(table, words.out.removesuffix(".parquet") + ".csv",
                          pyarrow.csv.WriteOptions(quoting_style="none"))
    print(f"{len(table)} transfers of {maker.employers[-1] + 1} accounts")


main()
