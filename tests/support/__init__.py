"""What tests share: makers of values and files, small projects, and what is on this machine. Holds no tests."""
