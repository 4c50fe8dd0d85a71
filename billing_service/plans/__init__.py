"""Plans and add-ons: what they cost a month, and which organization has them."""
