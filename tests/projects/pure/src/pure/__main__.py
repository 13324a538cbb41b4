print("pure")
