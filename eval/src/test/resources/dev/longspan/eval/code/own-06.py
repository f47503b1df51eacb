n = int(input())
v = list(map(float, input().split()))
print('%.2f %.2f' % (sum(v) / n, max(abs(a - b) for a, b in zip(v, v[1:]))))
