"""One file a part of the house: `(file, old, new, tests, what)`; see `mutant_list.Mutant`."""
