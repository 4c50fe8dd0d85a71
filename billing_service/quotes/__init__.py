"""What planned resources would cost, and whether they fit the quota. Nothing is stored."""
