"""A second opinion on the guard's numbers, by Python's `decimal` at 50 digits: `python3 make.py > tables.json`.

`increments` has the logarithms of the sequential test in Q32, rounded down, against many limits (millionths). `mixture` has the logarithm
of the mean of the eight likelihood ratios for random counts, from the closed form: no rule whose false alarms are bounded by the largest of
the eight may fire where it is below ln(1 / 0.0025). `boundary` has the fewest errors that fire, of many numbers of outcomes and limits, by
exact arithmetic. Random numbers come from a fixed seed, so the output is always the same.
"""

import json
import random
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, getcontext

getcontext().prec = 50
Q32 = 2**32
MULTIPLES = [Decimal(m) for m in ("1.25", "1.5", "2", "3", "5", "8", "12", "16")]
ALPHA = Decimal("0.0025")
draws = random.Random(20261129)


def floored(number):
    return int(number.to_integral_value(ROUND_FLOOR))


def alternatives(limit):
    """The logarithms ln(q/p0) and ln((1-q)/(1-p0)) of each rate q below 1."""
    p0 = Decimal(limit) / 1_000_000
    rates = [m * p0 for m in MULTIPLES if m * p0 < 1]
    return [((q / p0).ln(), ((1 - q) / (1 - p0)).ln()) for q in rates]


def mixture(tried, errors, outcomes):
    """The logarithm of the mean of the eight likelihood ratios; a rate of 1 or more is no alternative and counts as ratio 0."""
    logs = [errors * a + (outcomes - errors) * b for a, b in tried]
    most = max(logs)
    return most + sum((log - most).exp() for log in logs).ln() - Decimal(8).ln()


def boundary(tried, outcomes):
    limit, low, high = (8 / ALPHA).ln(), 0, outcomes
    fires = lambda errors: max(errors * a + (outcomes - errors) * b for a, b in tried) >= limit
    if not fires(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fires(middle) else (middle + 1, high)
    return low


limits = sorted({1, 2, 3, 10, 999, 62_499, 62_500, 62_501, 499_999, 500_000, 799_998, 799_999, 50_000, 10_000}
                | {draws.randrange(1, 800_000) for _ in range(80)} | {draws.randrange(1, 100_000) for _ in range(80)})
increments = [[limit, [[floored(a * Q32), floored(b * Q32)] for a, b in alternatives(limit)]] for limit in limits]

mixtures = []
for _ in range(2_000):
    limit = draws.choice([1_000, 10_000, 50_000, 50_000, 200_000])
    outcomes = int(10 ** draws.uniform(0.5, 5))
    # Around the boundary, where a wrong rule would show.
    rate = limit / 1_000_000 * draws.uniform(0, 4) + draws.uniform(0, 3) / outcomes
    errors = min(outcomes, int(outcomes * rate + 0.5))
    log = mixture(alternatives(limit), errors, outcomes)
    mixtures.append([limit, errors, outcomes, float(log.quantize(Decimal("0.000001"), ROUND_CEILING))])

boundaries = []
for limit in (1, 1_000, 10_000, 50_000, 62_500, 100_000, 333_333, 500_000, 790_000):
    tried = alternatives(limit)
    for outcomes in (1, 2, 3, 5, 8, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000, 1_000_000, 2**40):
        boundaries.append([limit, outcomes, boundary(tried, outcomes)])

thresholds = {name: -floored(-value.ln() * Q32) for name, value in [("stage", 8 / ALPHA), ("late", Decimal(8_000_000))]}
tables = {"limits": thresholds, "increments": increments, "mixture": mixtures, "boundary": boundaries}
print("{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(table, separators=(',', ':'))}" for name, table in tables.items()) + "\n}")
