class Solution:
    def stillInside(self, entries: List[str]) -> List[str]:
        inside = {}
        for entry in entries:
            if entry[0] == '+':
                inside[entry[1:]] = True
            else:
                del inside[entry[1:]]
        return list(inside)
