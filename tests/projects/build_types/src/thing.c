int thing(void) { return 42; }
