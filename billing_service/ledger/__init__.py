"""Usage lines, what they cost, and the sums that are kept beside them."""
