a, b = map(int, input().split())
print(sum((h - 1) % 12 + 1 for h in range(a, b + 1)) + (b - a))
