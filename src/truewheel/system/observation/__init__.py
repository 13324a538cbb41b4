"""Watches what the processes of a build read, on Linux, by a small library that is preloaded into each of them."""
