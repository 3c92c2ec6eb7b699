# A program's output reaches stdout, line by line.
print("hello")
print(1 + 2, "three")
print()
# expect: hello
# expect: 3 three
# expect:
