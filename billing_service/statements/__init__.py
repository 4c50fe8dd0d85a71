"""The statement of an organization's month: what is invoiced, and the usage that it is made of."""
