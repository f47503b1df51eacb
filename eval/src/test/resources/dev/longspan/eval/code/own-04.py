import sys
from math import gcd
from collections import Counter
data = list(map(int, sys.stdin.read().split()))
n, k, values = data[0], data[1], data[2:]
seen = Counter()
ways = 0
for v in values:
    g = gcd(v, k)
    ways += sum(c for d, c in seen.items() if d * g % k == 0)
    seen[g] += 1
print(ways)
