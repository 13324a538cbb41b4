"""Values as text and JSON, for people and programs. Pure: strings are returned, nothing is printed or decided here."""
