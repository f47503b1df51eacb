class Solution:
    def fewestTins(self, sizes: List[int], total: int) -> int:
        best = [0] + [total + 1] * total
        for grams in range(1, total + 1):
            for size in sizes:
                if size <= grams:
                    best[grams] = min(best[grams], best[grams - size] + 1)
        return best[total] if best[total] <= total else -1
