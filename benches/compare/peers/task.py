"""What every runner is told and what it answers: `RUNNER TASK LEDGER [--hours H]`, and one JSON object of counts.

The counts have the same names in every runner, so that compare.py can lay them side by side. README.md says in words
what each of them counts.
"""

import argparse
import json

DAY = 86_400
# How far apart a chain's transfers may be (T4), in seconds, and what share may be lost, in exact fractions.
CHAIN_DELAY = 2 * DAY
# Fan-in and fan-out (T2), gather-scatter (T3): least distinct counterparties. Scatter-gather (T3): least middlemen.
FAN, MIDDLEMEN = 10, 3


def run(tasks):
    """Runs the task that the command line names and prints what it counts."""
    words = argparse.ArgumentParser()
    words.add_argument("task", choices=sorted(tasks))
    words.add_argument("ledger")
    words.add_argument("--hours", type=int, default=24, help="T1: longest time from first to last transfer")
    words = words.parse_args()
    counts = tasks[words.task](words.ledger, words.hours * 3_600)
    print(json.dumps({name: int(count) for name, count in counts.items()}))
