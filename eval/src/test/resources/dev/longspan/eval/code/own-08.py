s = input().strip()
best, count = 0, 0
for centre in range(2 * len(s) - 1):
    l, r = centre // 2, (centre + 1) // 2
    while l >= 0 and r < len(s) and s[l] == s[r]:
        l -= 1
        r += 1
    length = r - l - 1
    if length > best:
        best, count = length, 1
    elif length == best and length > 0:
        count += 1
print(best, count)
