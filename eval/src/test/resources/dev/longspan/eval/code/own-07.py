import sys
data = list(map(int, sys.stdin.read().split()))
n, w = data[0], data[1]
a = sorted(data[2:])
i, j, trips = 0, n - 1, 0
while i <= j:
    if i < j and a[i] + a[j] <= w:
        i += 1
    j -= 1
    trips += 1
print(trips)
