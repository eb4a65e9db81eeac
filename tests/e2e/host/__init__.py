"""The host: starting, watching and ending the processes of a platform."""
