//! The garbage-collected heap: allocation, barriers, collection. Knows no Python.
