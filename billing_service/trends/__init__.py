"""The cost of a range of time by bucket and group, and what changed since an earlier range."""
