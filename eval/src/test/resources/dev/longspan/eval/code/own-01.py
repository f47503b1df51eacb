c, n = map(int, input().split())
ages = list(map(int, input().split()))
print(sum(0 if a >= 65 else c // 2 if a < 12 else c for a in ages))
