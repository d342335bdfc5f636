"""What people touch: commands, buttons and forms, one file a noun."""
