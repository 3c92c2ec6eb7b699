# SystemExit carries the exit code.
raise SystemExit(7)
# expect-exit: 7
