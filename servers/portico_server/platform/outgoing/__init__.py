"""Requests that the platform makes to where its users say: only to addresses that it may reach."""
