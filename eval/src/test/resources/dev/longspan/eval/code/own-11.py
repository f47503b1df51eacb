class Solution:
    def walk(self, beds: List[List[int]]) -> List[int]:
        order = []
        while beds:
            order += beds[0]
            beds = [list(row) for row in zip(*beds[1:])][::-1]
        return order
