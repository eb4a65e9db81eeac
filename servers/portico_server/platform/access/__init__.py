"""Who may do what: the policies of all accounts (`model`), compiled so that a decision takes microseconds."""
