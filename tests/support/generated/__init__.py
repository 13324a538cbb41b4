"""Projects that are put together at random, for the law that a warm build equals a cold one."""
