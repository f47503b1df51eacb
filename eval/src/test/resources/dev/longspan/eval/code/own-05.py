import sys
data = list(map(int, sys.stdin.read().split()))
h = data[1:]
l, r, left, right, total = 0, len(h) - 1, 0, 0, 0
while l <= r:
    if h[l] < h[r]:
        left = max(left, h[l])
        total += left - h[l]
        l += 1
    else:
        right = max(right, h[r])
        total += right - h[r]
        r -= 1
print(total)
