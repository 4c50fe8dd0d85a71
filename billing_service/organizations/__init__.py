"""Who owns a namespace, and in which currency and time zone an organization is billed: facts with a validity."""
