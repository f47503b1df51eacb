import sys
data = list(map(int, sys.stdin.read().split()))
n, books = data[0], data[1:]
want = n
for book in reversed(books):
    if book == want:
        want -= 1
print(want)
