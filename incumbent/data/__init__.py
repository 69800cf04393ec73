"""Tables: their canonical form, their labels, and their profiles."""
