"""Heaps that live: what `cargo xtask release` trains the collector with."""


class Node:
    def __init__(self, key, rest):
        self.key = key
        self.rest = rest
        self.data = [key, str(key)]


def chains(count, length):
    """Lists of linked objects, some of which are replaced again and again."""
    heads = [None] * count
    for i in range(count * length):
        heads[i % count] = Node(i, heads[i % count])
        if i % 7 == 0:
            heads[(i * 31) % count] = None
    return heads


def tables(count):
    """Dicts, sets and tuples that stay, among others that do not."""
    kept = {}
    for i in range(count):
        kept[i, str(i)] = {"number": i, "set": {i, i + 1}, "text": "x" * (i % 40)}
        if i % 3 == 0:
            kept.pop((i // 2, str(i // 2)), None)
    return kept


def tree(depth):
    return (tree(depth - 1), tree(depth - 1)) if depth else ()


def main():
    kept = [chains(500, 60), tables(20000), tree(12)]
    for _ in range(3):
        kept.append([float(i) for i in range(50000)])
        kept.append(list(range(100000)))
        kept[0] = chains(500, 40)
    words = sorted((str(i * 7919 % 10007) for i in range(30000)), key=len)
    assert len(words) == 30000 and kept


main()
